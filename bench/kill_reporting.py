"""Reporting killed at random: is any event lost, or counted twice?

    python bench/kill_reporting.py [--messages 20000] [--kills 12] [--seed N]

Needs a PostgreSQL where a database may be created and a broker (`WICI_TEST_DATABASE_URL`, `WICI_TEST_AMQP_URL`,
`WICI_TEST_RABBITMQCTL`). Two `reporting.ingester` and two `reporting.webhooks` are killed (SIGKILL) and started again, one
after another, each up to half a second after something was written or told again, while three events of each message come by the real lane, a tenth of the batches twice. Then all may
work to the end, and it is asked: does the log hold each message as it must, do the counters equal the log, and was the
customer's endpoint told of each event, however often? It ends with 1 where anything is wrong.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import wait
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import text
from webhooks import LOCAL, Endpoint, add_webhook, bodies_of

from chassis.broker import Broker
from chassis.database import Database, make_engine
from chassis.ids import new_id
from chassis.testing import SECRET_KEYS, delete_vhost, free_port, make_vhost, migrated_database
from contracts import ids, lanes
from reporting.commands.check import differences
from reporting.store.partitions import prepare_partitions

PROCESSES = ("reporting.ingester", "reporting.ingester", "reporting.webhooks", "reporting.webhooks")
# What a killed process had in hand is taken up when its lease is over, a minute later.
PATIENCE = 240.0


class Noting(Endpoint):
    """An endpoint that keeps how often it was told of each event."""

    def __init__(self) -> None:
        self.told: Counter[str] = Counter()
        super().__init__()

    def take(self, body: bytes) -> None:
        super().take(body)
        self.told.update(event["id"] for event in orjson.loads(body))


class Killed:
    """A process that is killed and started again."""

    def __init__(self, module: str, environ: dict[str, str]) -> None:
        self._module, self._environ = module, environ
        self.start()

    def start(self) -> None:
        self.health = free_port()
        environ = {**self._environ, "HEALTH_PORT": str(self.health)}
        command = [sys.executable, "-m", self._module]
        self._process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()


def events_of(messages: int, account_id: str) -> list[list[dict[str, Any]]]:
    """Handed over, ended, and opened by every tenth: three rounds of one campaign."""
    campaign_id, id_of, now = str(new_id()), ids.message_ids(new_id()), time.time()
    rounds: list[list[dict[str, Any]]] = [[], [], []]
    for number in range(1, messages + 1):
        origin = {"message_id": str(id_of(number)), "account_id": account_id, "campaign_id": campaign_id,
                  "channel": "email"}  # fmt: skip
        static = {
            "address": f"osoba{number}@example.com",
            "domain": "example.com",
            "sender": "s@example.com",
            "parts": 1,
        }
        rounds[0].append({**origin, **static, "kind": "submitted", "at": now})
        rounds[1].append({**origin, "kind": "delivered" if number % 50 else "hard_bounced", "at": now + 2})
        if number % 10 == 0:
            rounds[2].append({**origin, "kind": "opened", "at": now + 60, "event_id": f"o{number}",
                              "user_agent": "Mozilla/5.0 (iPhone; Mobile)"})  # fmt: skip
    return rounds


def publish(broker: Broker, rounds: list[list[dict[str, Any]]], chance: random.Random) -> None:
    """All of it, a tenth of the batches twice, the rounds one after another."""
    for events in rounds:
        bodies = bodies_of(events)
        wait(
            [broker.publish(lanes.DELIVERY_EVENTS, body) for body in bodies + chance.sample(bodies, len(bodies) // 10)]
        )


def total(database: Database, metric: str) -> int:
    with database.transaction() as session:
        return int(session.scalar(text(f"SELECT COALESCE(sum({metric}), 0) FROM counters WHERE dimension = 0")) or 0)


def written(database: Database, endpoint: Noting) -> tuple[int, int]:
    """How far the log and the endpoint are."""
    return total(database, "sent + delivered + hard_bounced"), len(endpoint.told)


def verdict(database: Database, endpoint: Noting, rounds: list[list[dict[str, Any]]]) -> list[str]:
    """What is wrong, line by line."""
    messages, opened = len(rounds[0]), len(rounds[2])
    bounced = sum(event["kind"] == "hard_bounced" for event in rounds[1])
    expected = {
        "messages": messages, "sent": messages, "hard_bounced": bounced, "delivered": messages - bounced,
        "submitted": 0, "parts": messages, "opens": opened,
    }  # fmt: skip
    wrong = [f"{name}: {total(database, name)} of {number}" for name, number in expected.items()
             if total(database, name) != number]  # fmt: skip
    with database.transaction() as session:
        wrong += [f"counter differs: {one}" for one in differences(session)]
        if (rows := session.scalar(text("SELECT count(*) FROM messages"))) != messages:
            wrong.append(f"rows of the log: {rows} of {messages}")
    if len(endpoint.told) != messages - bounced:
        wrong.append(f"events told: {len(endpoint.told)} of {messages - bounced}")
    return wrong


def run(url: str, options: argparse.Namespace) -> int:
    seed = options.seed if options.seed is not None else random.randrange(10**6)
    chance, database, amqp_url = random.Random(seed), Database(make_engine(url, pool_size=2)), make_vhost()
    prepare_partitions(database, datetime.now(UTC))
    account_id, endpoint = str(new_id()), Noting()
    add_webhook(database, account_id, endpoint.url)
    environ = {**os.environ, "AMQP_URL": amqp_url, "REPORTING_DATABASE_URL": url, "WICI_SECRET_KEYS": SECRET_KEYS,
               "WICI_DEVELOPMENT": "1", "WEBHOOK_NETWORKS": LOCAL, "INGESTER_EVENTS_AT_ONCE": "1000"}  # fmt: skip
    processes = [Killed(module, environ) for module in PROCESSES]
    broker = Broker(amqp_url, "bench").start()
    rounds, kills, in_the_middle = events_of(options.messages, account_id), Counter[str](), 0
    try:
        publish(broker, rounds, chance)
        for _ in range(options.kills):
            before, until = written(database, endpoint), time.monotonic() + 20
            while written(database, endpoint) == before and time.monotonic() < until:
                time.sleep(0.02)
            time.sleep(chance.uniform(0, 0.5))
            place = chance.randrange(len(processes))
            processes[place].kill()
            processes[place].start()
            kills[PROCESSES[place]] += 1
            in_the_middle += before[0] < 2 * options.messages or len(endpoint.told) < options.messages // 2
        print(f"seed {seed}, killed: {dict(kills)}, {in_the_middle} of them in the middle of the work")
        until = time.monotonic() + PATIENCE
        while (wrong := verdict(database, endpoint, rounds)) and time.monotonic() < until:
            time.sleep(1)
        again = sum(times - 1 for times in endpoint.told.values())
        print(
            f"{len(endpoint.told):,} events told to the webhook, {again:,} of them again; wrong: {wrong or 'nothing'}"
        )
    finally:
        for process in processes:
            process.stop()
        broker.close()
        delete_vhost(amqp_url)
        database.dispose()
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int)
    options = parser.parse_args()
    os.environ["WICI_DEVELOPMENT"] = "1"
    with migrated_database("reporting") as url:
        return run(url, options)


if __name__ == "__main__":
    sys.exit(main())
