"""How fast partners get their messages in: `sms_gateway.smpp_server` alone, real broker, real database.

    python bench/partners_sms.py [--messages 20000] [--partners 4] [--window 64]

Each partner has one bind and keeps its window full; every answer follows the commit of its message. Prints messages a
second and the time to an answer, beside one bind with a window of 1, which pays a commit for each message, and the same
client against a server that answers at once and stores nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from figures import Figure, tell
from sqlalchemy import text

from channel.testing import answer_for_identity
from chassis.broker import Broker
from chassis.database import Database, make_engine
from chassis.ids import new_id
from chassis.testing import SECRET_KEYS, delete_vhost, free_port, make_vhost, migrated_database
from contracts.sms_gateway import RPC
from sms_gateway.models import SenderId
from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.client import Link
from sms_gateway.smpp.constants import HEADER_SIZE, RESPONSE, Command
from sms_gateway.smpp.ports import LinkSettings
from sms_gateway.usecases import smpp_accounts

Account = tuple[str, str]  # system id and password


class Part:
    """One submit_sm, and when it was written."""

    __slots__ = ("at", "body")

    def __init__(self, number: int) -> None:
        fields: dict[str, Any] = {
            "source_addr_ton": 5, "source_addr": "Wici", "dest_addr_ton": 1, "dest_addr_npi": 1,
            "destination_addr": f"48600{number:06d}", "registered_delivery": 1,
            "short_message": b"Your code is %06d" % number,
        }  # fmt: skip
        self.body = smpp.encode(smpp.Pdu(Command.SUBMIT_SM, 1, 0, fields))[HEADER_SIZE:]
        self.at = 0.0


class Sender:
    """`smpp.ports.Work`: sends its parts, and notes how long each answer took."""

    def __init__(self, count: int) -> None:
        self.queue = deque(Part(number) for number in range(count))
        self.left = count
        self.seconds: list[float] = []
        self.refused = 0
        self.done = asyncio.get_running_loop().create_future()
        self.stands = asyncio.Event()
        self.may_start = False

    def take(self, room: int, in_flight: int) -> Sequence[Part]:
        if not self.may_start:
            return []
        taken = [self.queue.popleft() for _ in range(min(room, len(self.queue)))]
        now = time.perf_counter()
        for part in taken:
            part.at = now
        return taken

    def answered(self, answers: list[tuple[Any, int, str]]) -> None:
        now = time.perf_counter()
        for part, status, _ in answers:
            self.seconds.append(now - part.at)
            self.refused += status != 0
        self.left -= len(answers)
        if not self.left and not self.done.done():
            self.done.set_result(None)

    def lost(self, parts: list[Any]) -> None:
        raise SystemExit(f"{len(parts)} messages were lost")

    def delivered(self, link: Any, delivered: list[Any]) -> None:
        link.acknowledge([sequence for sequence, _ in delivered], link.connection)

    def bound(self, _link: Any) -> None:
        self.stands.set()

    def unbound(self, _link: Any, reason: str) -> None:
        if not self.done.done() and self.stands.is_set():
            raise SystemExit(f"a bind ended: {reason}")


async def measure(port: int, accounts: Sequence[Account], messages: int, window: int) -> tuple[float, list[float]]:
    """Messages a second, and the seconds to each answer."""
    senders = [Sender(messages // len(accounts)) for _ in accounts]
    links = [
        Link(LinkSettings("127.0.0.1", port, name, password, window=window), sender)
        for (name, password), sender in zip(accounts, senders, strict=True)
    ]
    for link in links:
        link.start()
    await asyncio.gather(*(sender.stands.wait() for sender in senders))
    started = time.perf_counter()
    for link, sender in zip(links, senders, strict=True):
        sender.may_start = True
        link.fill()
    await asyncio.gather(*(sender.done for sender in senders))
    took = time.perf_counter() - started
    if refused := sum(sender.refused for sender in senders):
        raise SystemExit(f"{refused} messages were refused")
    for link in links:
        await link.stop()
    return sum(len(sender.seconds) for sender in senders) / took, [each for s in senders for each in s.seconds]


class Bare(asyncio.Protocol):
    """Answers everything at once with an id that is always the same."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._rest = transport, b""

    def data_received(self, chunk: bytes) -> None:
        frames, self._rest = smpp.split_frames(self._rest + chunk)
        answers = []
        for frame in frames:
            _, command, _, sequence = smpp.unpack_header(frame)
            body = b"" if command in (Command.UNBIND, Command.ENQUIRE_LINK) else b"0123456789abcdef01234567\0"
            answers.append(smpp.pack_header(HEADER_SIZE + len(body), command | RESPONSE, 0, sequence) + body)
        self._transport.write(b"".join(answers))


def bare_server(port: int) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", port)
        await server.serve_forever()

    asyncio.run(serve())


def show(what: str, rate: float, seconds: list[float]) -> None:
    cuts = statistics.quantiles(seconds, n=100)
    print(f"{what:<44} {rate:>9,.0f}/s   p50 {cuts[49] * 1000:7.1f} ms   p99 {cuts[98] * 1000:7.1f} ms", flush=True)


def partners(database: Database, count: int) -> list[Account]:
    made = []
    for _ in range(count):
        account_id = new_id()
        request = RPC["create_smpp_account"].load({"name": "Bench", "rate": 10_000, "window": 1_000})
        with database.transaction() as session:
            session.add(SenderId(id=new_id(), account_id=account_id, sender="Wici", sender_key="wici", state="active"))
            account = smpp_accounts.create_smpp_account(
                session, actor={"account_id": str(account_id)}, now=datetime.now(UTC), **request
            )
        made.append((account["system_id"], account["password"]))
    return made


def cpu_of(pids: Iterable[int]) -> float:
    """CPU seconds of processes so far."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):  # it has ended
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def backends(database: Database) -> list[int]:
    """The processes of PostgreSQL that serve the database, where it runs on this machine."""
    with database.reading() as session:
        return list(session.scalars(text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")))


def wait_ready(port: int) -> None:
    for _ in range(400):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                json.load(answer)
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server is not ready")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--partners", type=int, default=4)
    parser.add_argument("--window", type=int, default=64)
    parser.add_argument("--bare", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.bare:
        bare_server(given.bare)
        return
    port, health, bare = free_port(), free_port(), free_port()
    amqp = make_vhost()
    broker = Broker(amqp, "bench").start()
    answer_for_identity(broker)
    with migrated_database("sms_gateway") as url, tempfile.TemporaryFile() as log:
        database = Database(make_engine(url, pool_size=2))
        environ = {
            **os.environ, "AMQP_URL": amqp, "SMS_GATEWAY_DATABASE_URL": url, "HEALTH_PORT": str(health),
            "WICI_SMPP_PORT": str(port), "WICI_SECRET_KEYS": SECRET_KEYS, "WICI_DEVELOPMENT": "1",
        }  # fmt: skip
        commands = ([sys.executable, "-m", "sms_gateway.smpp_server"], [sys.executable, __file__, "--bare", str(bare)])
        children = [subprocess.Popen(command, env=environ, stdout=log, stderr=log) for command in commands]
        try:
            wait_ready(health)
            accounts = partners(database, given.partners)
            size = (given.messages, given.window)
            asyncio.run(measure(port, accounts, given.messages // 10, given.window))  # leases, caches
            processes = {"the server": [children[0].pid], "PostgreSQL": backends(database)}
            before = {name: cpu_of(pids) for name, pids in processes.items()}
            rate, seconds = asyncio.run(measure(port, accounts, *size))
            used = {name: cpu_of(pids) - before[name] for name, pids in processes.items()}
            show(f"{given.partners} partners, window {given.window}, each stored", rate, seconds)
            for name, spent in used.items():
                print(f"CPU of {name}: {spent / len(seconds) * 1e6:.0f} µs a message")
            show("one partner, window 1", *asyncio.run(measure(port, accounts[:1], given.messages // 50, 1)))
            limit, seconds = asyncio.run(measure(bare, accounts, *size))
            show("limit: the same against a bare SMPP server", limit, seconds)
            spent = {name: seconds / given.messages * 1e6 for name, seconds in used.items()}
            tell(Figure("partners' submit_sm, each stored", "/s", rate, limit=("bare server", limit), cpu=spent))
            print(f"ours : limit = {rate / limit:.3f}")
        finally:
            for child in children:
                child.kill()
                child.wait()
            broker.close()
            database.dispose()
    delete_vhost(amqp)


if __name__ == "__main__":
    main()
