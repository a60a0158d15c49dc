"""Octets that messages end with or consist of, under their digest: kept until the last of them has left."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.database import Session, changed, columns, cursor_of
from email_gateway.domain.retrying import KEEP_TRYING

# Longer than a message is tried, by what a lane, an outage or a moved clock may add.
KEPT = KEEP_TRYING + timedelta(days=1)
SWEPT_AT_ONCE = 200

_KEEP = (
    "INSERT INTO blobs AS b (account_id, digest, octets, keep_until)"
    " VALUES (%s, %s, %b, %s) ON CONFLICT (account_id, digest) DO UPDATE"
    " SET keep_until = greatest(b.keep_until, excluded.keep_until)"
)
_EXTEND = "UPDATE blobs SET keep_until = greatest(keep_until, %s) WHERE account_id = %s AND digest = %s"
_READ = (
    "SELECT b.account_id::text, b.digest, b.octets"
    " FROM unnest(%s::uuid[], %s::text[]) AS k(account_id, digest)"
    " CROSS JOIN LATERAL (SELECT * FROM blobs b WHERE b.account_id = k.account_id AND b.digest = k.digest LIMIT 1) b"
)

Key = tuple[str, str]
"""Account and digest."""


def keep(session: Session, *, account_id: UUID, digest: str, octets: bytes, until: datetime) -> None:
    """Store them, or keep them for longer: the same octets are not sent to the database twice."""
    cursor = cursor_of(session)
    cursor.execute(_EXTEND, (until, account_id, digest))
    if not cursor.rowcount:
        cursor.execute(_KEEP, (account_id, digest, octets, until))


def read(cursor: Any, keys: Collection[Key]) -> Mapping[Key, bytes]:
    """Those that are there."""
    cursor.execute(_READ, columns(sorted(set(keys)), 2))
    return {(row[0], row[1]): bytes(row[2]) for row in cursor.fetchall()}


def head(cursor: Any, *, account_id: UUID, digest: str, size: int) -> bytes | None:
    """The first octets alone."""
    cursor.execute(
        "SELECT substring(octets FROM 1 FOR %s) FROM blobs WHERE account_id = %s AND digest = %s",
        (size, account_id, digest),
    )
    row = cursor.fetchone()
    return None if row is None else bytes(row[0])


def sweep(session: Session, now: datetime) -> int:
    """Delete what no message needs any more; how many."""
    return changed(
        session,
        "DELETE FROM blobs WHERE (account_id, digest) IN (SELECT account_id, digest FROM blobs"
        " WHERE keep_until < :now ORDER BY keep_until LIMIT :limit FOR UPDATE SKIP LOCKED) AND keep_until < :now",
        now=now,
        limit=SWEPT_AT_ONCE,
    )
