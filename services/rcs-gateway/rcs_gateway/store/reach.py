"""Which phones an agent reaches, as Google has said, each for a while."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Cursor

from channel.kept_contents import SWEPT_AT_ONCE
from chassis.database import Session, changed, columns

# A phone that gets RCS is asked for again the next day; one that has it rarely loses it, and then Google's 404 tells.
HAS_NOT, HAS = timedelta(days=1), timedelta(days=7)

Reached = tuple[UUID, str, UUID, bool]  # agent, phone, account


def known(cursor: Cursor[Any], agent_id: UUID, phones: Collection[str], now: datetime) -> dict[str, bool]:
    """By phone, where it is known and not too old."""
    cursor.execute(
        "SELECT p.phone, r.is_reachable FROM unnest(%s::text[]) AS p(phone) CROSS JOIN LATERAL"
        " (SELECT is_reachable, checked_at FROM reach WHERE agent_id = %s AND phone = p.phone LIMIT 1) r"
        " WHERE r.checked_at > CASE WHEN r.is_reachable THEN %s ELSE %s END",
        (sorted(phones), agent_id, now - HAS, now - HAS_NOT),
    )
    return dict(cursor.fetchall())


def write(cursor: Cursor[Any], found: Collection[Reached], now: datetime) -> None:
    """In one order, so that two transactions with the same phones wait for each other."""
    if found:
        rows: Sequence[tuple[Any, ...]] = [(*each, now) for each in sorted({one[:2]: one for one in found}.values())]
        cursor.execute(
            "INSERT INTO reach AS r (agent_id, phone, account_id, is_reachable, checked_at)"
            " SELECT * FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::boolean[], %s::timestamptz[])"
            " ON CONFLICT (agent_id, phone) DO UPDATE SET is_reachable = excluded.is_reachable,"
            " checked_at = excluded.checked_at WHERE r.checked_at <= excluded.checked_at",
            columns(rows, 5),
        )


def sweep(session: Session, now: datetime) -> int:
    """Those that are too old to be believed; how many went."""
    return changed(
        session,
        "DELETE FROM reach WHERE (agent_id, phone) IN"
        " (SELECT agent_id, phone FROM reach WHERE checked_at < :before ORDER BY checked_at LIMIT :limit)",
        before=now - HAS, limit=SWEPT_AT_ONCE,
    )  # fmt: skip
