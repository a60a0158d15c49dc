"""Octets that messages end with or consist of, under their digest: kept until the last of them has left."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

from chassis.database import Session, changed, columns, cursor_of
from email_gateway.domain.retrying import KEEP_TRYING

# Longer than a message is tried, by what a lane, an outage or a moved clock may add.
KEPT = KEEP_TRYING + timedelta(days=1)
SWEPT_AT_ONCE = 200

_KEEP = (
    "INSERT INTO blobs AS b (account_id, digest, octets, keep_until)"
    " SELECT * FROM unnest(%s::uuid[], %s::text[], %b::bytea[], %s::timestamptz[])"
    " ON CONFLICT (account_id, digest) DO UPDATE"
    " SET keep_until = greatest(b.keep_until, excluded.keep_until)"
)
# Locked in the order of their keys, so that two that keep the same ones wait for each other in one order.
_EXTEND = (
    "WITH held AS MATERIALIZED (SELECT b.account_id, b.digest, k.until"
    " FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[]) AS k(account_id, digest, until)"
    " JOIN blobs b ON b.account_id = k.account_id AND b.digest = k.digest"
    " ORDER BY b.account_id, b.digest FOR NO KEY UPDATE OF b)"
    " UPDATE blobs b SET keep_until = greatest(b.keep_until, held.until) FROM held"
    " WHERE b.account_id = held.account_id AND b.digest = held.digest RETURNING b.account_id, b.digest"
)
_READ = (
    "SELECT b.account_id::text, b.digest, b.octets"
    " FROM unnest(%s::uuid[], %s::text[]) AS k(account_id, digest)"
    " CROSS JOIN LATERAL (SELECT * FROM blobs b WHERE b.account_id = k.account_id AND b.digest = k.digest LIMIT 1) b"
)

Key = tuple[str, str]
"""Account and digest."""


def keep(session: Session, blobs: Sequence[tuple[UUID, str, bytes, datetime]]) -> None:
    """Store them, (account, digest, octets, until when) each, or keep them for longer: the same octets are not sent to
    the database twice."""
    wanted: dict[tuple[UUID, str], tuple[bytes, datetime]] = {}
    for account_id, digest, octets, until in blobs:
        key = account_id, digest
        wanted[key] = (octets, max(until, wanted[key][1]) if key in wanted else until)
    if not wanted:
        return
    cursor = cursor_of(session)
    cursor.execute(_EXTEND, columns([(*key, until) for key, (_, until) in wanted.items()], 3))
    present = {(row[0], row[1]) for row in cursor.fetchall()}
    add(session, [(*key, *wanted[key]) for key in wanted.keys() - present])


def add(session: Session, blobs: Sequence[tuple[UUID, str, bytes, datetime]]) -> None:
    """Store them, of each account and digest one."""
    if blobs:
        cursor_of(session).execute(_KEEP, columns(sorted(blobs, key=itemgetter(0, 1)), 4))


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
