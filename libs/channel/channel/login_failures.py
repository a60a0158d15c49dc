"""Failed log-ins of partners, counted over all processes: by the name that was tried and the address it came from.

    login_failures.table(Base.metadata)                  # in models.py; `create` in a migration
    login_failures.count(session, *keys)                 # before, where the next try has to wait
    login_failures.note(session, *keys)                  # after one that failed
    login_failures.forget(session, *keys)                # after one that did not

Whoever tries is a stranger, so what they try is not kept: each key counts in one of 131,072 places, which is all that
the table ever holds, and names that exist count as those that do not. Two keys share a place once in so many; as no
count refuses anybody, but only makes answers wait, that costs seconds.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, text

from chassis.database import Session, changed

PLACES = 2**17
FORGOTTEN_AFTER = timedelta(minutes=15)


def _columns() -> list[Any]:
    return [
        Column("place", Integer, primary_key=True, autoincrement=False),
        Column("failures", Integer, nullable=False),
        Column("failed_at", DateTime(timezone=True), nullable=False),
    ]


def table(metadata: MetaData) -> Table:
    return Table("login_failures", metadata, *_columns())


def create(op: Any) -> None:
    """In a migration."""
    op.create_table("login_failures", *_columns())


def count(session: Session, *keys: str) -> int:
    """The failures of whichever key has the most."""
    query = text(
        "SELECT max(failures) FROM login_failures WHERE place = ANY(:places) AND failed_at > now() - :forgotten"
    )
    return int(session.scalar(query, {"places": _places(keys), "forgotten": FORGOTTEN_AFTER}) or 0)


def note(session: Session, *keys: str) -> int:
    """Count one more failure of each key; the count of whichever has the most. Rows are locked in one order."""
    found = session.scalars(
        text(
            "INSERT INTO login_failures AS f (place, failures, failed_at)"
            " SELECT place, 1, now() FROM unnest(CAST(:places AS integer[])) AS place ORDER BY place"
            " ON CONFLICT (place) DO UPDATE SET failed_at = now(), failures = CASE"
            " WHEN f.failed_at > now() - :forgotten THEN least(f.failures + 1, 1000000) ELSE 1 END RETURNING failures"
        ),
        {"places": _places(keys), "forgotten": FORGOTTEN_AFTER},
    )
    return max(map(int, found))


def forget(session: Session, *keys: str) -> None:
    changed(session, "DELETE FROM login_failures WHERE place = ANY(:places)", places=_places(keys))


def _places(keys: tuple[str, ...]) -> list[int]:
    digests = (hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest() for key in keys)
    return sorted({int.from_bytes(digest[:4], "big") % PLACES for digest in digests})
