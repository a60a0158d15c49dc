"""Contacts: a list imported, a segment counted, an audience taken, on a real database.

    python bench/contact_lists.py [--rows 1000000]

Beside the import stands the physical limit on the same machine: a bare COPY of the same rows, ready made, into a table
with the same indexes and into one without. CPU times are those of the jobs process and of the PostgreSQL processes that
serve it, where PostgreSQL runs on this machine. Needs PostgreSQL and a broker, as the tests do; makes and drops a
database of its own.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import random
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from figures import Figure, tell

from chassis import testing
from chassis.database import Database, make_engine
from chassis.ids import new_id
from contacts.usecases import audiences, fields, files, groups, imports, segments
from contacts.usecases.account_terms import AccountTerms
from contracts.contacts.imports import ImportOptions
from contracts.vocabulary import Channel

GOAL_SECONDS = 20
GOAL_MEBIBYTES = 250
TICKS = os.sysconf("SC_CLK_TCK")
NETWORKS = ("50", "51", "53", "57", "60", "66", "69", "72", "73", "78", "79", "88")
SPELLINGS = ("+48%s%s%s", "0%s%s%s", "%s%s%s", "0048%s%s%s", "%s %s %s", "+48 %s-%s-%s", "(48) %s %s %s")
CITIES = ("Warszawa", "Kraków", "Gdańsk", "Łódź", "Bielsko-Biała", "Nowy Dwór Mazowiecki", "Poznań", "Gdynia")
HEADER = (
    "Imię",
    "Nazwisko",
    "E-mail",
    "Telefon",
    "Miasto",
    "Data urodzenia",
    "Kod rabatowy",
    "Zgoda SMS",
    "Zgoda e-mail",
    "Rabat %",
)
RULES = {
    "all": [
        {"field": "email_consent", "op": "eq", "value": True},
        {"any": [
            {"field": "city", "op": "in", "value": ["Gdynia", "Gdańsk"]},
            {"all": [
                {"field": "birth_date", "op": "after", "value": "1980-01-01"},
                {"not": {"any": [
                    {"field": "first_name", "op": "starts_with", "value": "A"},
                    {"all": [
                        {"field": "discount_code", "op": "contains", "value": "7"},
                        {"field": "phone", "op": "is_not_empty"},
                    ]},
                ]}},
            ]},
        ]},
    ]
}  # fmt: skip


def rows(count: int) -> Iterator[tuple[str, ...]]:
    """Made-up people in the spellings of real lists, in no order."""
    rng = random.Random(7)
    order = list(range(count))
    rng.shuffle(order)
    for n in order:
        number = NETWORKS[n % 12] + f"{n * 7919 % 10_000_000:07d}"
        phone = rng.choice(SPELLINGS) % (number[:3], number[3:6], number[6:])
        year, month, day = rng.randint(1940, 2007), rng.randint(1, 12), rng.randint(1, 28)
        born = f"{year}-{month:02d}-{day:02d}" if n % 2 else f"{day:02d}.{month:02d}.{year}"
        yield (
            rng.choice(("Anna", "Jan", "Zofia", "Łukasz", "Małgorzata")), rng.choice(("Nowak", "Wójcik", "Zielińska")),
            f"osoba{n}.x{n % 97}@poczta{n % 50}.example", phone, rng.choice(CITIES), born, f"RABAT{n % 10_000}",
            rng.choice(("tak", "nie", "1", "0", "")), rng.choice(("tak", "nie")), rng.choice(("5", "7,5", "10", "")),
        )  # fmt: skip


class Bench:
    def __init__(self, url: str) -> None:
        self.url = url
        self.database = Database(make_engine(url))
        self.actor = {"account_id": str(new_id())}

    def call(self, usecase: Callable[..., Any], **request: Any) -> Any:
        with self.database.transaction() as session:
            return usecase(session, actor=self.actor, now=datetime.now(UTC), **request)

    def upload(self, count: int) -> UUID:
        upload_id: UUID = self.call(files.begin, filename="list.csv", size=None)["upload_id"]
        written, seq = io.StringIO(), 0
        writer = csv.writer(written, delimiter=";")
        writer.writerow(HEADER)
        pending = b""
        for row in rows(count):
            writer.writerow(row)
            if written.tell() > 200_000:
                pending += written.getvalue().encode()
                written.seek(0)
                written.truncate()
                self.call(files.append, upload_id=upload_id, seq=seq, chunk=b64encode(pending[:262_144]).decode())
                pending, seq = pending[262_144:], seq + 1
        pending += written.getvalue().encode()
        for at in range(0, len(pending), 262_144):
            chunk = b64encode(pending[at : at + 262_144]).decode()
            self.call(files.append, upload_id=upload_id, seq=seq, chunk=chunk)
            seq += 1
        return upload_id

    def import_list(self, count: int) -> None:
        self.call(fields.create, key="discount_code", label="Kod rabatowy", type="text")
        self.call(fields.create, key="discount", label="Rabat %", type="number")
        upload_id = self.upload(count)
        amqp_url = testing.make_vhost()
        jobs = subprocess.Popen(
            [sys.executable, "-m", "contacts.jobs"],
            env={
                **os.environ,
                "CONTACTS_DATABASE_URL": self.url,
                "AMQP_URL": amqp_url,
                "WICI_SECRET_KEYS": testing.SECRET_KEYS,
            },
            stdout=subprocess.DEVNULL,
        )
        try:
            time.sleep(2)
            started = time.monotonic()
            backends: dict[int, float] = {}
            start_up, _ = _process(jobs.pid)
            options = ImportOptions().load({"group_name": "Lista"})
            terms = AccountTerms(limit=None, region="PL")
            self.call(imports.create, terms=terms, upload_id=upload_id, mapping=None, options=options)
            while (job := self.call(imports.get, import_id=upload_id))["state"] in ("waiting", "running"):
                print(f"\r{job['stage']:<10} {job['done']:>9} of {job['total']}", end="", file=sys.stderr)
                backends.update(self.backends())
                time.sleep(0.2)
            took = time.monotonic() - started
            backends.update(self.backends())
            cpu, peak = _process(jobs.pid)
        finally:
            jobs.terminate()
            jobs.wait(20)
            testing.delete_vhost(amqp_url)
        print(
            f"\rimport       {count} rows in {took:.1f} s, {count / took:,.0f} rows/s  (goal {GOAL_SECONDS} s a million)"
        )
        served = sum(backends.values())
        spent = {"contacts.jobs": (cpu - start_up) / count * 1e6, "PostgreSQL": served / count * 1e6}
        tell(Figure("rows of a list imported", "/s", count / took, cpu=spent, megabytes=peak))
        print(f"             peak {peak:.0f} MB  (goal {GOAL_MEBIBYTES} MB)")
        print(
            f"             CPU a row: {(cpu - start_up) / count * 1e6:.1f} µs in contacts.jobs, {served / count * 1e6:.1f} µs in PostgreSQL"
        )
        print(f"             {job['state']} {job['counts']}")
        self.group_ids = job["group_ids"]
        self.import_seconds = took

    def backends(self) -> dict[int, float]:
        """CPU seconds by process of PostgreSQL that serves contacts.jobs; none where it runs elsewhere."""
        with psycopg.connect(self.url) as connection:
            pids = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'contacts.jobs'"
            ).fetchall()
        found = {}
        for (pid,) in pids:
            try:
                found[pid] = _process(pid)[0]
            except OSError:
                continue
        return found

    def copy_bare(self) -> None:
        """The rows that the import made, copied as they are: into contacts' own table and indexes, and into no index."""
        with psycopg.connect(self.url) as connection:
            pid = connection.info.backend_pid
            copied = io.BytesIO()
            with connection.cursor().copy(
                "COPY (SELECT * FROM contacts ORDER BY created_at, id) TO STDOUT (FORMAT binary)"
            ) as copy:
                for part in copy:
                    copied.write(part)
            count = connection.execute("SELECT count(*) FROM contacts").fetchone()[0]
            for name, like in (("with the same indexes", "INCLUDING ALL"), ("without an index", "INCLUDING DEFAULTS")):
                connection.execute(f"CREATE TABLE bare (LIKE contacts {like})")
                connection.commit()
                began, started = _cpu_if_here(pid), time.monotonic()
                copied.seek(0)
                with connection.cursor().copy("COPY bare FROM STDIN (FORMAT binary)") as copy:
                    while part := copied.read(1 << 18):
                        copy.write(part)
                connection.commit()
                took, cpu = time.monotonic() - started, _cpu_if_here(pid) - began
                connection.execute("DROP TABLE bare")
                connection.commit()
                ratio = self.import_seconds / took
                tell(Figure(f"import of a list, COPY {name}", "s", self.import_seconds, limit=("COPY", took)))
                print(
                    f"bare COPY    {name}: {took:.1f} s, {cpu / count * 1e6:.1f} µs CPU a row; the import takes {ratio:.1f} times as long"
                )

    def select(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        started = time.monotonic()
        found = self.call(segments.count, rules=RULES)["count"]
        print(f"segment      six levels, {found} members, counted in {time.monotonic() - started:.2f} s  (goal 1 s)")
        snapshot_id = new_id()
        chosen = {"groups": [UUID(one) for one in self.group_ids]}
        wanted = {"channel": "email", "audience": {"groups": self.group_ids}, "fields": ["first_name", "discount_code"]}
        self.call(
            audiences.request_snapshot,
            snapshot_id=snapshot_id,
            channel=Channel.EMAIL,
            audience=chosen,
            fields_=wanted["fields"],
        )
        started = time.monotonic()
        with self.database.transaction() as session:
            taken = audiences.take(
                session,
                account_id=UUID(self.actor["account_id"]),
                snapshot_id=snapshot_id,
                request=wanted,
                now=datetime.now(UTC),
            )
        print(f"snapshot     {taken} recipients in {time.monotonic() - started:.2f} s  (goal 10 s)")

    def delete_group(self) -> None:
        """How long a caller waits; the memberships go after, in batches."""
        group_id = UUID(self.group_ids[0])
        shown = self.call(groups.get, group_id=group_id)["contacts"]
        with psycopg.connect(self.url) as connection:
            counted = connection.execute("SELECT count(*) FROM group_members").fetchone()[0]
        started = time.monotonic()
        self.call(groups.update, group_id=group_id, archived=True)
        self.call(groups.delete, group_id=group_id)
        took = time.monotonic() - started
        print(f"group        of {counted} (its count says {shown}) archived and deleted in {took * 1000:.0f} ms")


def _process(pid: int) -> tuple[float, float]:
    """CPU seconds and peak resident mebibytes of a process; raises `OSError` where it has ended."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    peak = next((line for line in status if line.startswith("VmHWM")), None)
    if peak is None:  # it has just ended, and its parent has not looked
        raise ProcessLookupError(pid)
    return (int(stat[11]) + int(stat[12])) / TICKS, int(peak.split()[1]) / 1024


def _cpu_if_here(pid: int) -> float:
    try:
        return _process(pid)[0]
    except OSError:
        return 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    with testing.migrated_database("contacts") as url:
        bench = Bench(url)
        bench.import_list(options.rows)
        bench.copy_bare()
        bench.select()
        bench.delete_group()
        bench.database.dispose()


if __name__ == "__main__":
    main()
