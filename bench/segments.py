"""Segments and audiences over a million contacts with engagement, beside what PostgreSQL alone takes.

    python bench/segments.py [--contacts 1000000] [--keep]

Makes a database of its own (`WICI_TEST_DATABASE_URL`), fills it with contacts, three groups and three campaigns' engagement
in the form and the sizes in which the lane brings it, and measures: what a told event costs contacts; a rule tree of
six levels over fields, custom fields, groups, consents, the archive and engagement, counted (goal 1 s), beside a bare
`SELECT count(*)`; an audience of everybody, its snapshot and all its pages (goal 10 s), beside a bare
`INSERT … SELECT`. What reporting pays for telling: `bench/ingester.py`. `--keep` leaves the database for a look.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database import Database, make_engine
from chassis.ids import new_id
from chassis.inbox import first_time
from chassis.testing import migrated_database
from contacts.jobs import snapshots
from contacts.store import engagement, jobs
from contacts.usecases import audiences, fields, groups, segments
from contracts.vocabulary import Channel

TICKS = os.sysconf("SC_CLK_TCK")
NOW = datetime.now(UTC)
GOAL_COUNT, GOAL_SNAPSHOT = 1.0, 10.0
PAGE = 5_000  # as many as the dispatcher asks for
CAMPAIGNS = [new_id() for _ in range(3)]
FIELDS = {"code": "text", "points": "number", "vip": "boolean", "since": "date"}

# In random places of the table, as lists come; every name and number is a function of n.
CONTACTS = """
INSERT INTO contacts (id, account_id, email, phone, external_id, first_name, last_name, city, birth_date, custom,
    sms_consent, email_consent, created_at)
SELECT CAST(lpad(to_hex(1764000000000 + n), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8'
        || substr(md5(n::text), 4, 15) AS uuid), :account,
    'osoba' || n || '.x' || n % 97 || '@poczta' || n % 50 || '.example', '+485' || lpad((n * 7919 % 100000000)::text, 8, '0'),
    CASE WHEN n % 10 = 0 THEN 'K' || n END,
    (ARRAY['Anna', 'Jan', 'Zofia', 'Łukasz', 'Małgorzata'])[1 + n % 5], (ARRAY['Nowak', 'Wójcik', 'Lis'])[1 + n % 3],
    (ARRAY['Gdynia', 'Gdańsk', 'Sopot', 'Łódź', 'Kraków', 'Poznań', 'Warszawa'])[1 + n * 31 % 7],
    date '1945-01-01' + (n * 7919 % 22000)::int,
    jsonb_build_object('f1', 'RABAT' || n % 10000, 'f2', n % 500, 'f3', n % 4 = 0,
        'f4', (date '2020-01-01' + (n % 2000)::int)::text),
    CASE n % 3 WHEN 0 THEN true WHEN 1 THEN false END, true, now() - n % 700 * interval '1 day'
FROM generate_series(CAST(1 AS bigint), :count) n
"""


def tree(group_ids: list[str]) -> dict[str, Any]:
    """Six levels: every kind of condition there is."""
    return {"all": [
        {"field": "email_consent", "op": "eq", "value": True},
        {"not": {"field": "archived", "op": "in", "value": ["email"]}},
        {"any": [
            {"field": "city", "op": "in", "value": ["Gdynia", "Gdańsk", "Sopot"]},
            {"field": "group", "op": "in", "value": group_ids[1:]},
            {"all": [
                {"field": "birth_date", "op": "after", "value": "1980-01-01"},
                {"field": "engagement", "op": "opened", "value": {"last_days": 60}},
                {"not": {"any": [
                    {"field": "engagement", "op": "clicked", "value": {"campaigns": [str(CAMPAIGNS[0])]}},
                    {"field": "code", "op": "ends_with", "value": "77"},
                    {"all": [
                        {"field": "points", "op": "gte", "value": 250},
                        {"field": "engagement", "op": "opened", "value": {"campaigns": [str(CAMPAIGNS[0])], "at_least": 2}},
                        {"field": "vip", "op": "ne", "value": True},
                    ]},
                ]}},
            ]},
        ]},
    ]}  # fmt: skip


class Bench:
    def __init__(self, url: str, contacts: int) -> None:
        self.database = Database(make_engine(url, pool_size=2))
        self.contacts = contacts
        self.account_id = new_id()
        self.actor = {"account_id": str(self.account_id)}

    def call(self, usecase: Callable[..., Any], **request: Any) -> Any:
        with self.database.transaction() as session:
            return usecase(session, actor=self.actor, now=NOW, **request)

    def sql(self, statement: str, **parameters: Any) -> None:
        with self.database.transaction() as session:
            session.execute(text(statement), parameters)

    def fill(self) -> list[str]:
        for key, kind in FIELDS.items():
            self.call(fields.create, key=key, label=key, type=kind)
        self.sql(CONTACTS, account=self.account_id, count=self.contacts)
        made = [self.call(groups.create, name=f"g{n}", description="")["id"] for n in range(3)]
        for group_id, every in zip(made, (1, 3, 10), strict=True):
            self.sql(
                "INSERT INTO group_members (group_id, contact_id, account_id) SELECT :group, id, account_id FROM ("
                " SELECT id, account_id, row_number() OVER (ORDER BY id) AS n FROM contacts) c WHERE n % :every = 0",
                group=group_id,
                every=every,
            )
        self.sql(
            "INSERT INTO archive (id, account_id, channel, address, reason, source) SELECT gen_random_uuid(), account_id,"
            " 'email', email, 'unsubscribed', 'bench' FROM contacts WHERE hashtext(email) % 50 = 0"
        )
        return [str(one) for one in made]

    def engage(self) -> None:
        """Three campaigns: everybody delivered, a quarter opened (some twice), a twelfth clicked."""
        with self.database.transaction() as session:
            ids = [str(one) for one in session.scalars(text("SELECT id FROM contacts ORDER BY id"))]
        batches, told = [], 0
        for at, campaign_id in enumerate(CAMPAIGNS):
            openers = [one for n, one in enumerate(ids) if n % 4 == at or n % 40 == at]
            day = (NOW - timedelta(days=40 * at)).date()
            for kind, who, size in (
                ("delivered", ids, 10_000),
                ("opened", openers + openers[::9], 500),
                ("clicked", openers[::3], 200),
            ):
                told += len(who)
                for start in range(0, len(who), size):
                    batches.append(self._batch(campaign_id, kind, day, who[start : start + size]))
        here, there, _ = self.measured(lambda: self._record(batches))
        print(f"engagement   {told:,} events in {len(batches):,} batches: {1e6 * here / told:.2f} µs of CPU each, and"
              f" {1e6 * there / told:.2f} µs in the database")  # fmt: skip

    def _batch(self, campaign_id: UUID, kind: str, day: Any, who: list[str]) -> bytes:
        column = {"account_id": str(self.account_id), "campaign_id": str(campaign_id), "kind": kind, "day": str(day)}
        return orjson.dumps({"v": 1, "batch_id": str(new_id()), "columns": [{**column, "contact_ids": ",".join(who)}]})

    def _record(self, batches: list[bytes]) -> None:
        for at in range(0, len(batches), 20):
            with self.database.transaction() as session:
                for body in batches[at : at + 20]:
                    batch = orjson.loads(body)
                    if first_time(session, "record_engagement", batch["batch_id"]):
                        engagement.add(session, batch["columns"])

    def measured(self, work: Callable[[], object]) -> tuple[float, float, float]:
        """Seconds of CPU here and in the database's processes, and by the clock."""
        there, here, started = self._backends(), time.process_time(), time.monotonic()
        work()
        return time.process_time() - here, self._backends() - there, time.monotonic() - started

    def _backends(self) -> float:
        with self.database.transaction() as session:
            pids = session.scalars(text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")).all()
        return sum(_cpu(pid) for pid in pids)

    def best(self, work: Callable[[], object], times: int = 3) -> tuple[float, float]:
        """Seconds by the clock and of CPU in the database, the best of some turns."""
        turns = [self.measured(work) for _ in range(times)]
        return min(turn[2] for turn in turns), min(turn[1] for turn in turns)

    def count(self, rules: dict[str, Any]) -> None:
        bare, bare_cpu = self.best(
            lambda: self.sql("SELECT count(*) FROM contacts WHERE account_id = :a", a=self.account_id)
        )
        found = self.call(segments.count, rules=rules)["count"]
        took, cpu = self.best(lambda: self.call(segments.count, rules=rules))
        print(f"bare count   {bare:.2f} s  ({bare_cpu:.2f} s of CPU)")
        print(
            f"six levels   {took:.2f} s  ({cpu:.2f} s of CPU)  {took / bare:.1f} × bare, {found:,} found  (goal {GOAL_COUNT:g} s)"
        )

    def snapshot(self, group_id: UUID) -> None:
        bare, _ = self.best(self._bare_insert, times=1)
        chosen = {"groups": [group_id], "segments": [], "exclude_groups": [], "exclude_segments": []}
        snapshot_id, names = new_id(), ["first_name", "city", "code"]
        self.call(
            audiences.request_snapshot, snapshot_id=snapshot_id, channel=Channel.EMAIL, audience=chosen, fields_=names
        )
        with self.database.transaction() as session:
            job = jobs.claim(session, new_id())
        assert job is not None
        _, cpu, took = self.measured(lambda: snapshots.run(self.database, job, lambda: True))
        started, after, read = time.monotonic(), 0, 0
        here = time.process_time()
        while page := self.call(audiences.read, snapshot_id=snapshot_id, after=after, limit=PAGE)["recipients"]:
            after, read = after + PAGE, read + len(page)
        pages, here = time.monotonic() - started, time.process_time() - here
        first, last = (
            self.best(lambda at=at: self.call(audiences.read, snapshot_id=snapshot_id, after=at, limit=PAGE), times=20)[
                0
            ]
            for at in (0, read - PAGE)
        )
        print(f"bare insert  {bare:.2f} s for {self.contacts:,} rows")
        print(f"snapshot     {took:.2f} s  ({cpu:.2f} s of CPU)  {took / bare:.1f} × bare, {read:,} recipients")
        print(
            f"pages of {PAGE}  {pages:.2f} s for all ({here:.2f} s of CPU here); the first {1e3 * first:.1f} ms, the last {1e3 * last:.1f} ms"
        )
        print(f"both         {took + pages:.2f} s  (goal {GOAL_SNAPSHOT:g} s)")

    def _bare_insert(self) -> None:
        self.sql("CREATE TABLE bare (number integer PRIMARY KEY, contact_id uuid, address text, fields jsonb)")
        self.sql(
            "INSERT INTO bare SELECT row_number() OVER (ORDER BY id), id, email, custom FROM contacts"
            " WHERE account_id = :account",
            account=self.account_id,
        )
        self.sql("DROP TABLE bare")


def _cpu(pid: int) -> float:
    try:
        values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(values[11]) + int(values[12])) / TICKS


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--contacts", type=int, default=1_000_000)
    options = parser.parse_args()
    with migrated_database("contacts") as url:
        bench = Bench(url, options.contacts)
        group_ids = bench.fill()
        bench.engage()
        with bench.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        bench.count(tree(group_ids))
        bench.snapshot(UUID(group_ids[0]))
        bench.database.dispose()


if __name__ == "__main__":
    main()
