"""Queries on prepared contents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chassis.database import columns, cursor_of
from email_gateway.models import Content

_PRESENT = (
    "SELECT c.content_hash FROM unnest(%s::text[], %s::timestamptz[]) AS k(content_hash, until)"
    " CROSS JOIN LATERAL (SELECT * FROM contents c WHERE c.content_hash = k.content_hash LIMIT 1) c"
    " WHERE c.keep_until IS NULL OR c.keep_until >= k.until"
)
# Documents in binary: as text, each of their quotes is escaped for the array by itself.
_KEEP = (
    "INSERT INTO contents AS c (content_hash, account_id, document, keep_until)"
    " SELECT content_hash, account_id, convert_from(document, 'UTF8')::jsonb, until"
    " FROM unnest(%s::text[], %s::uuid[], %b::bytea[], %s::timestamptz[])"
    " AS k(content_hash, account_id, document, until)"
    " ON CONFLICT (content_hash) DO UPDATE SET keep_until = greatest(c.keep_until, excluded.keep_until)"
    " WHERE c.keep_until IS NOT NULL"
)
# What still has a message to be tried is put off, so that it does not stand before the others.
_SWEEP = (
    "WITH due AS MATERIALIZED (SELECT content_hash FROM contents WHERE keep_until < %(now)s"
    " ORDER BY keep_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED),"
    " seen AS MATERIALIZED (SELECT content_hash, EXISTS (SELECT FROM ledger l WHERE l.content_hash = due.content_hash"
    " AND l.state IN ('accepted', 'deferred') OFFSET 0) AS waits FROM due),"
    " gone AS (DELETE FROM contents c USING seen WHERE c.content_hash = seen.content_hash AND NOT seen.waits),"
    " put_off AS (UPDATE contents c SET keep_until = %(later)s FROM seen"
    " WHERE c.content_hash = seen.content_hash AND seen.waits)"
    " SELECT count(*) FROM seen"
)
SLACK = timedelta(
    days=1
)  # kept for so much longer than is needed, so that a content that is sent often is rarely written
SWEPT_AT_ONCE = 100


def keep(session: Session, *, content_hash: str, account_id: UUID, document: dict[str, Any]) -> None:
    """Store the content, for ever, unless it is there already: the hash says that it would be the same."""
    session.execute(
        insert(Content)
        .values(content_hash=content_hash, account_id=account_id, document=document)
        .on_conflict_do_update(
            index_elements=[Content.content_hash], set_={"keep_until": None}, where=Content.keep_until.is_not(None)
        )
    )


Kept = tuple[str, UUID, Mapping[str, Any], datetime]
"""Hash, account, document, until when."""


def ensure(session: Session, contents: Sequence[Kept]) -> None:
    """Store contents of single sends, or keep them for longer: what is there for long enough, and so is not swept
    meanwhile, is not sent to the database again."""
    if not contents:
        return
    wanted: dict[str, tuple[UUID, Mapping[str, Any], datetime]] = {}
    for name, account_id, document, until in contents:
        wanted[name] = (account_id, document, max(until, wanted[name][2]) if name in wanted else until)
    cursor = cursor_of(session)
    cursor.execute(_PRESENT, columns([(name, until) for name, (_, _, until) in wanted.items()], 2))
    present = {row[0] for row in cursor.fetchall()}
    add(session, [(name, *kept) for name, kept in wanted.items() if name not in present])


def add(session: Session, contents: Sequence[Kept]) -> None:
    """Store contents of single sends, of each hash one."""
    # In the order of their hashes, so that two transactions with the same contents wait for each other in one order.
    rows = [
        (name, account_id, orjson.dumps(document), until + SLACK)
        for name, account_id, document, until in sorted(contents, key=itemgetter(0))
    ]
    if rows:
        cursor_of(session).execute(_KEEP, columns(rows, 4))


def sweep(session: Session, now: datetime) -> int:
    """Delete contents of single sends whose messages are all over; of how many it was looked whether they are."""
    cursor = cursor_of(session)
    cursor.execute(_SWEEP, {"now": now, "later": now + SLACK, "limit": SWEPT_AT_ONCE})
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def document(session: Session, *, account_id: UUID, content_hash: str) -> dict[str, Any] | None:
    return session.scalar(
        select(Content.document).where(Content.account_id == account_id, Content.content_hash == content_hash)
    )


def erase_account(session: Session, *, account_id: UUID) -> None:
    session.execute(delete(Content).where(Content.account_id == account_id))


def sender_of(session: Session, *, content_hash: str) -> Any:
    """`account_id` and `sender` (the From address) of a content; None where there is none."""
    return session.execute(
        select(Content.account_id, Content.document["from_email"].astext.label("sender")).where(
            Content.content_hash == content_hash
        )
    ).one_or_none()
