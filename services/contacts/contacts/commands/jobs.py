"""Jobs that were given up because they failed at the same place too often.

    python -m contacts.commands.jobs [--days 30]

`CONTACTS_DATABASE_URL` says where. The account sees its own by the API; this is for whoever has to find out why. Ends
with 1 where there are any.
"""

from __future__ import annotations

import argparse
import os
import sys

from chassis.database import Database
from chassis.service import database_from_environment
from contacts.store import jobs


def main(arguments: list[str]) -> int:
    description = "Jobs that were given up because they failed at the same place too often."
    parser = argparse.ArgumentParser(prog="python -m contacts.commands.jobs", description=description)
    parser.add_argument("--days", type=int, default=30, help="given up within so many days (30)")
    options = parser.parse_args(arguments)
    database = database_from_environment("CONTACTS_DATABASE_URL", os.environ, "contacts-jobs-command", pool_size=1)
    try:
        return show(database, options.days)
    finally:
        database.dispose()


def show(database: Database, days: int) -> int:
    with database.transaction() as session:
        given_up = jobs.given_up(session, days=days)
    for one in given_up:
        print(f"{one.finished_at:%Y-%m-%d %H:%M}  {one.kind:<13}  job {one.id}  account {one.account_id}  {one.detail}")
    return 1 if given_up else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
