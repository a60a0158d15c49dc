"""How fast delivery events go into the message log, beside bare COPY of the same rows.

    python bench/ingester.py [--messages 200000] [--batches-a-transaction 20] [--lane] [--processes 2]

Needs a PostgreSQL where a database may be created (`WICI_TEST_DATABASE_URL`). Rounds: the first state of each message,
its final state, and opens and clicks of a tenth of them; what the final state costs less of messages without a contact is
what telling contacts costs (`bench/segments.py` has its side). The limit is COPY of the same rows into a copy of the table
with its indexes; the last column is the limit's CPU as a share of the round's. With `--lane` the first two rounds go
through the real lane and so many `reporting.ingester` processes (`WICI_TEST_AMQP_URL`, `WICI_TEST_RABBITMQCTL`): the
batches wait in the lane when they start, and the clock runs from the first counted event to the last.
"""

from __future__ import annotations

import argparse
import copy
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import wait
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
from figures import Figure, tell
from sqlalchemy import text

from chassis.broker import Broker
from chassis.database import Database, copy_rows, make_engine
from chassis.ids import new_id
from chassis.testing import delete_vhost, free_port, make_vhost, migrated_database
from contracts import ids, lanes
from reporting.commands.check import differences
from reporting.ingester.writing import Ingest
from reporting.store.partitions import prepare_partitions

BATCH = 1_000
TICKS = os.sysconf("SC_CLK_TCK")


def delivery_events(messages: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """First states, final states and engagements of one campaign."""
    account_id, campaign_id, send_id = str(uuid4()), str(uuid4()), new_id()
    id_of, now = ids.message_ids(send_id), time.time()
    first, final, acts = [], [], []
    for number in range(1, messages + 1):
        origin = {
            "message_id": str(id_of(number)),
            "account_id": account_id,
            "campaign_id": campaign_id,
            "channel": "sms",
        }
        static = {
            "contact_id": str(uuid4()),
            "address": f"+48{random.randrange(500_000_000, 900_000_000)}",
            "sender": "WICI",
            "parts": 1,
            "cost": 7,
            "domain": random.choice(("pl.plus", "pl.t-mobile", "pl.orange", "pl.play")),
        }
        at = now + number / 20_000
        first.append({**origin, **static, "at": at, "kind": "submitted"})
        kind, code = ("delivered", "000") if random.random() < 0.96 else ("undelivered", "001")
        final.append({**origin, "at": at + 3, "kind": kind, "code": code})
        if number % 10 == 0:
            act = {**origin, "ip": "192.0.2.1", "user_agent": "Mozilla/5.0 (iPhone; Mobile)"}
            acts.append({**act, "at": at + 60, "kind": "opened", "event_id": f"o{number}"})
            acts.append(
                {**act, "at": at + 61, "kind": "clicked", "event_id": f"c{number}", "url": "https://example.com/a"}
            )
    return first, final, acts


def bodies_of(events: list[dict[str, Any]]) -> list[bytes]:
    starts = range(0, len(events), BATCH)
    return [orjson.dumps({"v": 1, "source": "bench", "events": events[at : at + BATCH]}) for at in starts]


def timed(database: Database, name: str, count: int, work: Callable[[], object]) -> None:
    """Run and print one round: events a second by the clock, and µs of CPU an event here and in the database."""
    before, cpu, started = backend_cpu(database), time.process_time(), time.monotonic()
    work()
    seconds, cpu = time.monotonic() - started, time.process_time() - cpu
    backend = backend_cpu(database) - before
    here, there = 1e6 * cpu / count, 1e6 * backend / count
    COSTS.setdefault("limit", here + there)
    share = COSTS["limit"] / (here + there)
    if name.startswith("limit"):
        COSTS["rate"] = count / seconds
    else:
        limit = ("COPY", COSTS["rate"])
        tell(Figure(f"ingest: {name}", "/s", count / seconds, limit=limit, cpu={"ingester": here, "PostgreSQL": there}))
    print(
        f"{name:36s} {count / seconds:8,.0f} /s   CPU each: {here:5.1f} + {there:5.1f} µs in the database  {share:5.0%}"
    )


COSTS: dict[str, float] = {}


def backend_cpu(database: Database) -> float:
    """CPU seconds so far of the server's processes that work for this database (on this machine)."""
    with database.transaction() as session:
        pids = session.scalars(text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")).all()
    return sum(cpu_of(pid) for pid in pids)


def bare_copy(database: Database, events: list[dict[str, Any]]) -> None:
    """The same rows by COPY alone, into a table with the same indexes."""
    told = ("message_id", "account_id", "campaign_id", "contact_id", "channel", "address", "sender", "domain")
    columns = (*told, "parts", "cost", "state", "state_at")
    rows = [(*(event[name] for name in columns[:-2]), 20, datetime.fromtimestamp(event["at"], UTC)) for event in events]
    with database.transaction() as session:
        session.execute(text("CREATE TABLE bare (LIKE messages INCLUDING ALL)"))

    def work() -> None:
        for at in range(0, len(rows), 20 * BATCH):
            with database.transaction() as session:
                copy_rows(session, "bare", columns, rows[at : at + 20 * BATCH])

    timed(database, "limit: COPY, same rows and indexes", len(rows), work)


def ingest(database: Database, bodies: list[bytes], at_once: int) -> Callable[[], None]:
    ingester = Ingest(database)

    def work() -> None:
        for at in range(0, len(bodies), at_once):
            ingester.write([orjson.loads(body)["events"] for body in bodies[at : at + at_once]])

    return work


def by_lane(url: str, bodies: list[bytes], database: Database, metric: str, wanted: int, count: int) -> None:
    """Through the broker and `count` ingester processes: all batches are in the lane when they start."""
    amqp_url, first = make_vhost(), _counted(database, metric)
    broker = Broker(amqp_url, "bench").start()
    wait([broker.publish(lanes.DELIVERY_EVENTS, body) for body in bodies])
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "reporting.ingester"], stderr=subprocess.DEVNULL,
            env={**os.environ, "AMQP_URL": amqp_url, "REPORTING_DATABASE_URL": url, "HEALTH_PORT": str(free_port())},
        )
        for _ in range(count)
    ]  # fmt: skip
    while (begun := _counted(database, metric)) == first:
        time.sleep(0.005)
    before, started = _cpu(processes, database), time.monotonic()
    while _counted(database, metric) < wanted:
        time.sleep(0.02)
    seconds, (here, there) = time.monotonic() - started, _cpu(processes, database)
    events = wanted - begun
    here, there = 1e6 * (here - before[0]) / events, 1e6 * (there - before[1]) / events
    print(
        f"{'by lane: ' + metric:36s} {events / seconds:8,.0f} /s   CPU each: {here:5.1f} + {there:5.1f} µs in the database"
    )
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait(30)
    broker.close()
    delete_vhost(amqp_url)


def _cpu(processes: list[subprocess.Popen[bytes]], database: Database) -> tuple[float, float]:
    return sum(cpu_of(process.pid) for process in processes), backend_cpu(database)


def cpu_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _counted(database: Database, metric: str) -> int:
    with database.transaction() as session:
        return int(session.scalar(text(f"SELECT COALESCE(sum({metric}), 0) FROM counters WHERE dimension = 0")))


def run(url: str, options: argparse.Namespace) -> None:
    database = Database(make_engine(url, pool_size=2))
    prepare_partitions(database, datetime.now(UTC))
    first, final, acts = delivery_events(options.messages)
    bare_copy(database, first)
    at_once = options.batches_a_transaction
    for name, events in (
        ("first state (sender, address, …)", first),
        ("final state", final),
        ("opens and clicks", acts),
    ):
        timed(database, name, len(events), ingest(database, bodies_of(copy.deepcopy(events)), at_once))
    strangers, ended, _ = delivery_events(options.messages)
    for event in strangers:
        event["contact_id"] = None
    ingest(database, bodies_of(strangers), at_once)()
    timed(database, "final state, nobody to tell of", len(ended), ingest(database, bodies_of(ended), at_once))
    timed(database, "final again (nothing changes)", len(final), ingest(database, bodies_of(final), at_once))
    both, final, _ = delivery_events(options.messages)
    paired = [event for pair in zip(both, final, strict=True) for event in pair]
    timed(database, "first and final in one transaction", len(paired), ingest(database, bodies_of(paired), at_once))
    if options.lane:
        more, final, _ = delivery_events(options.messages)
        sent, ended = _counted(database, "sent"), _counted(database, "delivered + undelivered")
        count = options.processes
        by_lane(url, bodies_of(more), database, "sent", sent + options.messages, count)
        by_lane(url, bodies_of(final), database, "delivered + undelivered", ended + options.messages, count)
    with database.transaction() as session:
        print("counters equal the log:", not differences(session))
    database.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--batches-a-transaction", type=int, default=20)
    parser.add_argument("--lane", action="store_true")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    with migrated_database("reporting") as url:
        run(url, options)


if __name__ == "__main__":
    main()
