"""How many events a second reach one quick endpoint, and what a dead and a slow one cost it.

    python bench/webhooks.py [--events 40000]

Needs a PostgreSQL where a database may be created and a broker (`WICI_TEST_DATABASE_URL`, `WICI_TEST_AMQP_URL`,
`WICI_TEST_RABBITMQCTL`). Events go through the real lane and one `reporting.webhooks` process; the endpoint is a bare
asyncio server in this process, which shares the machine. The limit is the same requests, signed and posted with no
database behind them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import wait
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
from figures import Figure, tell
from ingester import backend_cpu, cpu_of
from sqlalchemy import text

from chassis.broker import Broker
from chassis.database import Database, make_engine
from chassis.ids import new_id
from chassis.public_addresses import networks
from chassis.secrets import Vault
from chassis.testing import SECRET_KEYS, delete_vhost, free_port, make_vhost, migrated_database
from contracts import ids, lanes
from contracts.reporting.webhooks import WebhookEvent
from reporting.domain.webhooks import signed_headers
from reporting.ingester.writing import Ingest
from reporting.store.partitions import prepare_partitions
from reporting.usecases import webhooks
from reporting.webhooks.http import Poster, resolve_by_dns

BATCH = 500
LOCAL = "127.0.0.0/8"


class Endpoint:
    """Answers 204 to every request, after `delay` seconds; counts requests and events."""

    def __init__(self, delay: float = 0.0) -> None:
        self.delay, self.requests, self.events = delay, 0, 0
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()

        async def start() -> None:
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**22)
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            await server.serve_forever()

        threading.Thread(target=lambda: self._loop.run_until_complete(start()), daemon=True).start()
        ready.wait(5)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            body = await reader.readexactly(int(head.partition(b"content-length:")[2].split(None, 1)[0]))
            await asyncio.sleep(self.delay)
            self.take(body)
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    def take(self, body: bytes) -> None:
        self.requests += 1
        self.events += body.count(b'"timestamp"')

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


def delivered(count: int, account_id: str) -> list[dict[str, Any]]:
    campaign_id, id_of, now = str(uuid4()), ids.message_ids(new_id()), time.time()
    return [
        {"message_id": str(id_of(number)), "account_id": account_id, "campaign_id": campaign_id, "channel": "email",
         "kind": "delivered", "at": now, "code": "2.0.0", "address": f"osoba{number}@example.com",
         "contact_id": str(uuid4())}
        for number in range(1, count + 1)
    ]  # fmt: skip


def add_webhook(database: Database, account_id: str, url: str, size: int = 100) -> None:
    with database.transaction() as session:
        webhooks.create_webhook(
            session, actor={"account_id": account_id}, now=datetime.now(UTC), vault=Vault(SECRET_KEYS), url=url,
            events=[WebhookEvent.MESSAGE_DELIVERED], description="", enabled=True, channel=None, campaign_id=None,
            max_events=size, basic_auth=None,
        )  # fmt: skip


def bodies_of(events: list[dict[str, Any]]) -> list[bytes]:
    starts = range(0, len(events), BATCH)
    return [orjson.dumps({"v": 1, "source": "bench", "events": events[at : at + BATCH]}) for at in starts]


def limit(count: int) -> None:
    """Requests of a hundred events each, four at once, with nothing behind them."""
    endpoint = Endpoint()
    poster = Poster(resolve_by_dns, networks([LOCAL]), ssl.create_default_context())
    body = orjson.dumps([{"timestamp": 1, "data": "x" * 330}] * 100)

    async def post(times: int) -> None:
        for _ in range(times):
            await poster.post(endpoint.url, signed_headers(UUID(int=1), datetime.now(UTC), body, [b"x" * 24]), body)

    async def four() -> None:
        await asyncio.gather(*(post(count // 400) for _ in range(4)))

    started = time.monotonic()
    asyncio.run(four())
    print(f"{'limit: the same posts alone':44s} {endpoint.events / (time.monotonic() - started):9,.0f} events/s")


def round_of(
    database: Database, broker: Broker, pid: int, name: str, count: int, others: list[tuple[str, str]]
) -> None:
    """One quick endpoint, beside `others`: (account, URL) that get as many events each."""
    account_id, endpoint = str(uuid4()), Endpoint()
    add_webhook(database, account_id, endpoint.url)
    mixed = []
    for other, url in others:
        add_webhook(database, other, url)
        mixed += delivered(count // 10, other)
    events = delivered(count, account_id)
    for some in (mixed, events):
        for at in range(0, len(some), 5000):
            Ingest(database).write([[dict(event) for event in some[at : at + 5000]]])
    time.sleep(1.5)  # until the process has noticed the new webhooks
    started, cpu, backend = time.monotonic(), cpu_of(pid), backend_cpu(database)
    wait([broker.publish(lanes.DELIVERY_EVENTS, body) for body in bodies_of(mixed + events)])
    while endpoint.events < count:
        time.sleep(0.02)
    rate, each = count / (time.monotonic() - started), 1e6 / (count + len(mixed))
    cpu, backend = cpu_of(pid) - cpu, backend_cpu(database) - backend
    print(f"{name:44s} {rate:9,.0f} events/s   CPU each: {cpu * each:5.0f} + {backend * each:4.0f} µs in the database")
    spent = {"webhooks": cpu * each, "PostgreSQL": backend * each}
    tell(Figure(f"webhooks: {name}", "/s", rate, cpu=spent))
    with database.transaction() as session:
        session.execute(text("DELETE FROM webhooks"))


def behind_a_campaign(database: Database, broker: Broker, count: int) -> None:
    """How long a hundred events of one account take that stand behind a campaign of another's with five webhooks."""
    loud, quiet, endpoint = str(uuid4()), str(uuid4()), Endpoint()
    for _ in range(5):
        add_webhook(database, loud, "http://127.0.0.1:9/")
    add_webhook(database, quiet, endpoint.url)
    campaign, few = delivered(count, loud), delivered(100, quiet)
    Ingest(database).write([[dict(event) for event in few]])
    time.sleep(1.5)
    started = time.monotonic()
    wait([broker.publish(lanes.DELIVERY_EVENTS, body) for body in bodies_of(campaign + few)])
    while endpoint.events < len(few):
        time.sleep(0.02)
    print(f"{'a hundred events behind a campaign of others':44s} {time.monotonic() - started:9,.1f} s")
    with database.transaction() as session:
        session.execute(text("DELETE FROM webhooks"))


def run(url: str, count: int) -> None:
    database, amqp_url = Database(make_engine(url, pool_size=2)), make_vhost()
    prepare_partitions(database, datetime.now(UTC))
    environ = {**os.environ, "AMQP_URL": amqp_url, "REPORTING_DATABASE_URL": url, "HEALTH_PORT": str(free_port()),
               "WICI_SECRET_KEYS": SECRET_KEYS, "WICI_DEVELOPMENT": "1", "WEBHOOK_NETWORKS": LOCAL}  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "reporting.webhooks"], env=environ, stderr=subprocess.DEVNULL)
    broker = Broker(amqp_url, "bench").start()
    try:
        limit(count)
        behind_a_campaign(database, broker, 2 * count)
        round_of(database, broker, process.pid, "one quick endpoint", count, [])
        dead = [(str(uuid4()), "http://127.0.0.1:9/") for _ in range(5)]
        round_of(database, broker, process.pid, "beside five accounts' dead ones", count, dead)
        slow = [(str(uuid4()), Endpoint(10.0).url) for _ in range(5)]
        round_of(database, broker, process.pid, "beside five accounts' that take ten seconds", count, slow)
    finally:
        process.terminate()
        process.wait(15)
        broker.close()
        delete_vhost(amqp_url)
        database.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=40_000)
    options = parser.parse_args()
    os.environ["WICI_DEVELOPMENT"] = "1"
    with migrated_database("reporting") as url:
        run(url, options.events)


if __name__ == "__main__":
    main()
