"""How the costs of a campaign grow with its size: CPU, memory, disk and WAL a message, on the running system.

    make up && .venv/bin/python bench/growth.py --sizes 10000 100000 1000000

What grows faster than the campaign shows as a row that rises: microseconds and octets a message should stay as they
are, and the peak of memory as well. Figures of CPU hold beside other work on the machine; the rate does not.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "deploy/local")]

from campaign import TEXT, Meter, html, prepared, roots
from environment import Environment, running
from figures import Figure, tell

SECONDS = 3_600.0


@dataclass(frozen=True)
class Disk:
    """Octets of all of the system's databases, and of the log that PostgreSQL has written so far."""

    databases: int
    wal: int


def disk(environ: Environment) -> Disk:
    query = (
        "SELECT (SELECT sum(pg_database_size(datname)) FROM pg_database WHERE datname LIKE 'wici%'),"
        " pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"
    )
    with psycopg.connect(environ["WICI_ADMIN_DATABASE_URL"]) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return Disk(int(row[0]), int(row[1]))


def grow(environ: Environment, channel: str, count: int) -> None:
    journey, group_id, import_seconds = prepared(environ, count)
    made = (
        journey.sms_campaign(group_id, text=TEXT) if channel == "sms" else journey.email_campaign(group_id, html=html())
    )
    before = disk(environ)
    with Meter(roots(environ)) as meter:
        began = time.monotonic()
        journey.schedule(made)
        journey.wait_sent(made, seconds=SECONDS)
        journey.wait_settled(made, seconds=SECONDS)
        seconds = time.monotonic() - began
    after = disk(environ)
    cpu = {name: usage.cpu / count * 1e6 for name, usage in meter.usages.items()}
    ours = [
        usage.peak for name, usage in meter.usages.items() if not name.startswith(("simulator", "Postgre", "Rabbit"))
    ]
    print(
        f"{channel:<6}{count:>10,}{count / import_seconds:>12,.0f}{count / seconds:>12,.0f}{sum(cpu.values()):>10,.0f}"
        f"{cpu.get('PostgreSQL', 0.0):>12,.0f}{max(ours) / 1e6:>9,.0f}{(after.databases - before.databases) / count:>12,.0f}"
        f"{(after.wal - before.wal) / count:>10,.0f}",
        flush=True,
    )
    tell(Figure(f"growth: {channel} to {count:,}", "/s", count / seconds, cpu=cpu, megabytes=max(ours) / 1e6))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--channel", choices=("sms", "email"), default="sms")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    options = parser.parse_args()
    print(
        f"{'':<6}{'people':>10}{'rows/s in':>12}{'messages/s':>12}{'µs CPU':>10}{'PostgreSQL':>12}{'peak MB':>9}"
        f"{'octets kept':>12}{'WAL':>10}"
    )
    for count in options.sizes:
        grow(running(), options.channel, count)


if __name__ == "__main__":
    main()
