"""Segments and audiences over a million contacts with engagement, beside what PostgreSQL alone takes.

    python bench/segments.py [--contacts 1000000] [--plans]

Makes a database of its own (`WICI_TEST_DATABASE_URL`), fills it with contacts, three groups and three campaigns' engagement
in the form and the sizes in which the lane brings it, and measures: what a told event costs contacts; a rule tree of
six levels over fields, custom fields, groups, consents, the archive and engagement, counted (goal 1 s), beside a bare
`SELECT count(*)`; contacts found by parts of names, addresses and numbers, a page and how many there are (goal 150 ms for
95 of a hundred); a new group of everybody who is in either of two, made by its job; an audience of everybody, its snapshot and all its pages (goal 10 s), beside a bare
`INSERT … SELECT`. What reporting pays for telling: `bench/ingester.py`.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from figures import Figure, tell
from message_log import explain
from message_log import statements as noted
from sqlalchemy import text

from chassis.database import Database, make_engine
from chassis.ids import new_id
from chassis.inbox import first_time
from chassis.testing import migrated_database
from contacts.jobs import combinations as combination_job
from contacts.jobs import snapshots
from contacts.store import engagement, jobs
from contacts.usecases import audiences, combinations, fields, groups, people, segments
from contracts.vocabulary import Channel

TICKS = os.sysconf("SC_CLK_TCK")
NOW = datetime.now(UTC)
GOAL_COUNT, GOAL_SNAPSHOT, GOAL_SEARCH = 1.0, 10.0, 0.150
SEARCHES = 40  # of each kind
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
        tell(Figure("segment of six levels counted", "s", took, limit=("bare count", bare)))
        print(f"bare count   {bare:.2f} s  ({bare_cpu:.2f} s of CPU)")
        print(
            f"six levels   {took:.2f} s  ({cpu:.2f} s of CPU)  {took / bare:.1f} × bare, {found:,} found  (goal {GOAL_COUNT:g} s)"
        )

    def search(self) -> None:
        """As people search: the first page, sorted as the list is, and how many there are."""
        chance = random.Random(7)
        kinds: dict[str, Callable[[int], str]] = {
            "an address": lambda n: f"osoba{n}.x{n % 97}@poczta{n % 50}.example",
            "the beginning of an address": lambda n: f"osoba{n // 10}",
            "a number as it is dialled": lambda n: f"5{n * 7919 % 100000000:08d}",
            "six digits of a number": lambda n: f"{n * 7919 % 100000000:08d}"[2:],
            "first and last name": lambda n: (
                chance.choice(("anna", "lukasz", "zofia")) + chance.choice((" nowak", " lis"))
            ),
            "the middle of a name": lambda _: chance.choice(("gorzat", "ojci", "owak")),
            "a domain": lambda n: f"poczta{n % 50}.example",
            "nobody": lambda n: f"brak{n}",
        }
        clock, cpu = list[float](), list[float]()
        for name, words in kinds.items():
            asked = [words(chance.randrange(self.contacts)) for _ in range(SEARCHES)]
            turns = [
                self.measured(lambda q=q: self.call(people.list_contacts, limit=50, cursor=None, q=q)) for q in asked
            ]
            clock += [turn[2] for turn in turns]
            cpu += [turn[0] + turn[1] for turn in turns]
            middle, there = statistics.median(turn[2] for turn in turns), statistics.mean(turn[1] for turn in turns)
            print(f"search       {1e3 * middle:6.1f} ms, {1e3 * there:6.1f} ms of CPU in the database: {name}")
        p95, of_cpu = (statistics.quantiles(took, n=20)[-1] for took in (clock, cpu))
        print(
            f"             95 of a hundred in {1e3 * p95:.0f} ms or less, of CPU {1e3 * of_cpu:.0f} ms  (goal {1e3 * GOAL_SEARCH:.0f} ms)"
        )

    def combine(self, group_ids: list[str]) -> None:
        chosen = [UUID(one) for one in group_ids[:2]]
        begun = self.call(combinations.create, operation="union", group_ids=chosen, name="both", seed="")
        with self.database.transaction() as session:
            job = jobs.claim(session, new_id())
        assert job is not None
        here, there, took = self.measured(lambda: combination_job.run(self.database, job, lambda: True, ask=_nobody))
        made = self.call(combinations.get, combination_id=begun["id"])["items"][0]["contacts"]
        print(f"new group    of {made:,} in {took:.2f} s  ({here + there:.2f} s of CPU)")

    def plans(self, rules: dict[str, Any]) -> None:
        """How PostgreSQL does it."""
        for words in ("nowak anna", "poczta17"):
            print(f"plans of a search for {words}")
            with noted(self.database) as asked:
                self.call(people.list_contacts, limit=50, cursor=None, q=words)
            explain(self.database, [one for one in asked if "FROM contacts" in one[0]])
        print("plan of the rule of six levels")
        with noted(self.database) as asked:
            self.call(segments.count, rules=rules)
        explain(self.database, [one for one in asked if "FROM contacts" in one[0]])

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
        tell(Figure("snapshot of an audience", "s", took, limit=("bare insert", bare)))
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


def _nobody(name: str, *_: Any, **__: Any) -> Any:
    raise AssertionError(f"{name} is not asked here")


def _cpu(pid: int) -> float:
    try:
        values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(values[11]) + int(values[12])) / TICKS


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--plans", action="store_true", help="print how PostgreSQL searches and counts, too")
    options = parser.parse_args()
    with migrated_database("contacts") as url:
        bench = Bench(url, options.contacts)
        group_ids = bench.fill()
        bench.engage()
        with bench.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        bench.count(tree(group_ids))
        bench.search()
        if options.plans:
            bench.plans(tree(group_ids))
        bench.combine(group_ids)
        bench.snapshot(UUID(group_ids[0]))
        bench.database.dispose()


if __name__ == "__main__":
    main()
