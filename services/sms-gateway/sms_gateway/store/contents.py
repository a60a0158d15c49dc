"""Contents: immutable, known by their hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson
from psycopg import Cursor
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from chassis import erasures
from chassis.database import Session, cursor_of, pipelined
from contracts.ids import first_id_at
from sms_gateway.models import Content
from sms_gateway.store.literals import arrays

KEPT = timedelta(days=8)  # from when a single message may leave: its validity, and the tries of a carrier that is down
SLACK = timedelta(days=1)  # kept for so much longer, so that a content that is sent often is rarely written
SWEPT_AT_ONCE, OWN_SWEPT_AT_ONCE = 1_000, 5_000
FIRST = UUID(int=0)
_OWN = "send:"

_PRESENT = (
    "SELECT c.content_hash FROM unnest(%s::text[], %s::timestamptz[]) AS k(content_hash, until)"
    " CROSS JOIN LATERAL (SELECT * FROM contents c WHERE c.content_hash = k.content_hash LIMIT 1) c"
    " WHERE c.keep_until IS NULL OR c.keep_until >= k.until"
)
_KEEP = (
    "INSERT INTO contents AS c (content_hash, account_id, sender, content, keep_until)"
    " SELECT * FROM unnest(%s::text[], %s::uuid[], %s::text[], %s::jsonb[], %s::timestamptz[])"
    " ON CONFLICT (content_hash) DO UPDATE SET keep_until = greatest(c.keep_until, excluded.keep_until)"
    " WHERE c.keep_until IS NOT NULL"
)
# What a message of before waits to leave with (its account was suspended, say) is put off, behind the others.
_SWEEP = (
    "WITH due AS MATERIALIZED (SELECT content_hash FROM contents WHERE keep_until < %(now)s"
    " ORDER BY keep_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED),"
    " waiting AS MATERIALIZED (SELECT DISTINCT s.content_hash FROM retries r"
    " JOIN sends s ON s.stem_id = CAST(left(CAST(r.message_id AS text), 28) || '00000000' AS uuid)"
    " WHERE r.campaign_id IS NULL AND r.message_id < %(recent)s AND EXISTS (SELECT FROM due)),"
    " seen AS MATERIALIZED (SELECT content_hash, content_hash IN (SELECT content_hash FROM waiting) AS waits FROM due),"
    " gone AS (DELETE FROM contents c USING seen WHERE c.content_hash = seen.content_hash AND NOT seen.waits),"
    " put_off AS (UPDATE contents c SET keep_until = %(later)s FROM seen"
    " WHERE c.content_hash = seen.content_hash AND seen.waits)"
    " SELECT count(*) FROM seen"
)
# The ids of a send's messages differ from its stem in their last 32 bits.
_SWEEP_OWN = (
    "WITH page AS MATERIALIZED (SELECT send_id, stem_id FROM sends WHERE content IS NOT NULL"
    " AND send_id > %(after)s AND send_id < %(before)s ORDER BY send_id LIMIT %(limit)s),"
    " gone AS (UPDATE sends s SET content = NULL FROM page WHERE s.send_id = page.send_id"
    " AND NOT EXISTS (SELECT FROM retries r WHERE r.message_id BETWEEN page.stem_id"
    " AND CAST(left(CAST(page.stem_id AS text), 28) || 'ffffffff' AS uuid)))"
    " SELECT send_id FROM page ORDER BY send_id"
)


def content_hash(account_id: UUID, sender: str, content: Mapping[str, Any]) -> str:
    canonical = orjson.dumps([str(account_id), sender, content], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).hexdigest()


def keep_content(session: Session, *, account_id: UUID, sender: str, content: dict[str, Any]) -> str:
    """Store a content, for ever, unless it is there already; returns its hash."""
    name = content_hash(account_id, sender, content)
    statement = insert(Content).values(content_hash=name, account_id=account_id, sender=sender, content=content)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[Content.content_hash], set_={"keep_until": None}, where=Content.keep_until.is_not(None)
        )
    )
    return name


def keep_contents(session: Session, contents: Sequence[tuple[UUID, str, dict[str, Any], datetime]]) -> list[str]:
    """Store contents of single sends, (account, sender, content, when it may leave) each, or keep them for longer.

    :returns: their hashes.
    """
    names, missing = find_missing(session, contents)
    keep_at(cursor_of(session), missing)
    return names


def find_missing(
    session: Session, contents: Sequence[tuple[UUID, str, dict[str, Any], datetime]]
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The hashes of such contents, and the rows that are to be kept (`keep_at`).

    What is there for long enough, and so is not swept meanwhile, is not written again. Nor is it taken away with a
    person until the transaction ends.
    """
    names = [content_hash(account_id, sender, content) for account_id, sender, content, _ in contents]
    wanted: dict[str, tuple[Any, ...]] = {}
    for name, (account_id, sender, content, leaves_by) in zip(names, contents, strict=True):
        until = leaves_by + KEPT
        wanted[name] = name, account_id, sender, content, max(until, wanted[name][-1]) if name in wanted else until
    with pipelined(session) as cursor:
        erasures.share_at(cursor())
        found = cursor().execute(_PRESENT, arrays([(name, row[-1]) for name, row in wanted.items()], 2))
    present = {name for (name,) in found.fetchall()}
    # In the order of their hashes, so that two transactions with the same contents wait for each other in one order.
    missing = [
        (name, account_id, sender, orjson.dumps(content).decode(), until + SLACK)
        for name, account_id, sender, content, until in sorted(wanted.values(), key=itemgetter(0))
        if name not in present
    ]
    return names, missing


def keep_at(cursor: Cursor[Any], missing: Sequence[tuple[Any, ...]]) -> None:
    """For a pipeline, too."""
    if missing:
        cursor.execute(_KEEP, arrays(missing, 5))


def sweep(session: Session, now: datetime) -> int:
    """Delete contents of single sends that nothing waits to leave with; returns how many were looked at."""
    cursor = cursor_of(session)
    bound = {"now": now, "later": now + SLACK, "limit": SWEPT_AT_ONCE, "recent": first_id_at(now - KEPT)}
    cursor.execute(_SWEEP, bound)
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def sweep_own(session: Session, now: datetime, after: UUID = FIRST) -> UUID | None:
    """Take what partners' messages say out of their sends, a page in the order of their ids, unless one waits to leave.

    :returns: where the next page begins; None after the last.
    """
    cursor = cursor_of(session)
    bound = {"after": after, "before": first_id_at(now - KEPT), "limit": OWN_SWEPT_AT_ONCE}
    cursor.execute(_SWEEP_OWN, bound)
    found = cursor.fetchall()
    return found[-1][0] if len(found) == OWN_SWEPT_AT_ONCE else None


def own_name(send_id: str) -> str:
    """How a content is named that stands with its send and is nobody else's: a partner's message."""
    return _OWN + send_id


def is_own(name: str) -> bool:
    return name.startswith(_OWN)


def own(session: Session, name: str) -> Any:
    """Account, sender and content of a send's own; None where there is none, or it has been forgotten."""
    query = text("SELECT account_id, sender, content FROM sends WHERE send_id = :id AND content IS NOT NULL")
    return session.execute(query, {"id": UUID(name.removeprefix(_OWN))}).one_or_none()


def content(session: Session, name: str, *, account_id: UUID | None = None) -> Content | None:
    query = select(Content).where(Content.content_hash == name)
    if account_id is not None:
        query = query.where(Content.account_id == account_id)
    return session.scalar(query)
