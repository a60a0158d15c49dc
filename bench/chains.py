"""Messages over several channels while their processes are killed: nobody forgotten, nobody reached by two steps.

    python bench/chains.py [--chains 400] [--kills 100]

E-mail, then SMS, at stand-ins that refuse, fail, answer late, never, and take back. Two processes of `campaigns.chains`,
of which one or the other is killed by SIGKILL at random moments. At the end each chain is compared with what the
channels were given. Needs `WICI_TEST_DATABASE_URL`, `WICI_TEST_AMQP_URL` and `WICI_TEST_RABBITMQCTL`, as the tests do;
makes and drops a database and a vhost of its own.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import psycopg

from chassis import testing
from chassis.broker import Broker
from chassis.ids import new_id
from chassis.rpc_client import RpcClient

NEIGHBOURS = Path(__file__).parents[1] / "services" / "campaigns" / "tests" / "integration"
sys.path.append(str(NEIGHBOURS))
from single_sends import broken_promise

SEED = 15
SECONDS = 1.5  # after which the second step takes over
WHATS = ("delivered:0.3", "delivered:1.4", "late:1.6", "late:3", "refused", "fails:0.2", "never", "revocable")
ALWAYS = {"impossible": True, "refused": True, "not_read_hours": None}
MOST_SECONDS = 180.0  # until all are over, after the last kill


def add(connection: psycopg.Connection, account_id: UUID, what: str) -> UUID:
    """One chain, due now."""
    chain_id = new_id()
    steps: list[tuple[str, Any, Any, str, float | None]] = [
        ("email", {"email": "a@example.com"}, {"subject": "x", "text": what}, "anna@example.com", SECONDS / 60),
        ("sms", "Wici", {"text": "delivered:0.1"}, "+48600100300", None),
    ]
    with connection.transaction():
        connection.execute(
            "INSERT INTO message_chains (id, account_id, state, channel, due_at, created_at)"
            " VALUES (%s, %s, 'running', 'email', now(), now())",
            (chain_id, account_id),
        )
        for place, (channel, sender, content, address, minutes) in enumerate(steps):
            written = [
                orjson.dumps(one).decode() for one in (sender, content, {**ALWAYS, "not_delivered_minutes": minutes})
            ]
            connection.execute(
                "INSERT INTO chain_steps (chain_id, place, account_id, channel, sender, content, go_on, address, state)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (chain_id, place, account_id, channel, *written, address, "waiting" if place else "due"),
            )
    return chain_id


def run(chains: int, kills: int) -> bool:
    amqp_url, databases = testing.make_vhost(), ExitStack()
    url = databases.enter_context(testing.migrated_database("campaigns"))
    log = Path(tempfile.mkdtemp()) / "log"
    environ = {
        **os.environ, "AMQP_URL": amqp_url, "CAMPAIGNS_DATABASE_URL": url, "PYTHONPATH": str(NEIGHBOURS),
        "CAMPAIGNS_CHAIN_LEASE_SECONDS": "1.5",
    }  # fmt: skip

    def started(*command: str) -> testing.RunningProcess:
        return testing.RunningProcess(list(command), environ | {"HEALTH_PORT": str(testing.free_port())}, log)

    def another() -> testing.RunningProcess:
        return started(sys.executable, "-m", "campaigns.chains")

    nameko = str(Path(sys.executable).with_name("nameko"))
    neighbours = started(nameko, "run", "--broker", amqp_url, "neighbours").wait_ready()
    running = [another().wait_ready(), another().wait_ready()]
    broker = Broker(amqp_url, "bench").start()
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            made = killed_all_along(connection, running, another, chains, kills)
            account_id = next(iter(made.values()))[0]
            return judge(connection, RpcClient(broker), account_id, {one: what for one, (_, what) in made.items()})
    finally:
        for process in (neighbours, *running):
            process.stop()
        broker.close()
        databases.close()
        testing.delete_vhost(amqp_url)


def killed_all_along(
    connection: psycopg.Connection, running: list[Any], another: Any, chains: int, kills: int
) -> dict[UUID, tuple[UUID, str]]:
    """Account and text of each chain, by id."""
    dice, account_id = random.Random(SEED), UUID(int=uuid4().int & ~1)
    made: dict[UUID, tuple[UUID, str]] = {}
    began = time.perf_counter()
    for kill in range(kills):
        for _ in range(chains * (kill + 1) // kills - len(made)):
            what = dice.choice(WHATS)
            made[add(connection, account_id, what)] = account_id, what
        time.sleep(dice.uniform(0.05, 2.5))
        running.pop(dice.randrange(2)).kill()
        running.append(another())
    print(f"chains               {len(made):>8,} of e-mail, then SMS; seed {SEED}")
    print(f"kill -9              {kills:>8,} in {time.perf_counter() - began:.0f} s, of two processes")
    return made


def judge(connection: psycopg.Connection, client: RpcClient, account_id: UUID, made: dict[UUID, str]) -> bool:
    ends = time.monotonic() + MOST_SECONDS
    while (running := _count(connection, "running")) and time.monotonic() < ends:
        time.sleep(0.5)
    actor = {"account_id": str(account_id), "permissions": []}
    sends: defaultdict[UUID, list[Any]] = defaultdict(list)
    for one in client.call("sms_gateway.look_at_sends", actor, {}, deadline=30.0)["sends"]:
        sends[UUID(one["key"].split(":")[1])].append(one)
    broken = Counter(broken_promise(what, sends[chain_id]) for chain_id, what in made.items())
    kept = broken.pop(None, 0)
    both = sum(
        len(each) == 2 and bool(each[0]["delivered_at"]) and bool(each[1]["delivered_at"]) for each in sends.values()
    )
    print(f"still running        {running:>8,}")
    print(f"reached              {_count(connection, 'reached'):>8,}")
    print(f"as promised          {kept:>8,}   of them {both} within the window: the mail came after the last look")
    for reason, times in broken.items():
        print(f"  BROKEN             {times:>8,}   {reason}")
    return kept == len(made) and not running


def _count(connection: psycopg.Connection, state: str) -> int:
    row = connection.execute("SELECT count(*) FROM message_chains WHERE state = %s", (state,)).fetchone()
    return int(row[0]) if row else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chains", type=int, default=400)
    parser.add_argument("--kills", type=int, default=100)
    options = parser.parse_args()
    sys.exit(0 if run(options.chains, options.kills) else 1)
