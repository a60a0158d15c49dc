"""What was heard and is yet to be told: some hundred events of one account in a row, as the lane had them.

Writing a row costs the same however many webhooks its account has. Whoever tells takes an account by an advisory lock,
and its rows in their order: so the order of an account is kept, and accounts do not wait for one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import changed, columns, cursor_of
from reporting.store.messages import Row

MOST_ACCOUNTS = 1_000  # in one round

_ADD = """
INSERT INTO webhook_spool (account_id, events)
SELECT account_id, events FROM unnest(%s::uuid[], %s::bytea[]) WITH ORDINALITY AS p (account_id, events, n) ORDER BY n
"""
# By jumping along the index: what it costs is the number of accounts, not of events.
_WAITING = """
WITH RECURSIVE waiting AS (
    (SELECT account_id FROM webhook_spool WHERE NOT is_parked AND account_id > :after ORDER BY account_id LIMIT 1)
    UNION ALL
    SELECT (SELECT s.account_id FROM webhook_spool s WHERE NOT s.is_parked AND s.account_id > w.account_id
        ORDER BY s.account_id LIMIT 1)
    FROM waiting w WHERE w.account_id IS NOT NULL
)
SELECT w.account_id, first.heard_at, first.due_at <= now() AS is_due FROM waiting w
CROSS JOIN LATERAL (SELECT heard_at, due_at FROM webhook_spool s WHERE s.account_id = w.account_id AND NOT s.is_parked
    ORDER BY s.position LIMIT 1) first
LIMIT :limit
"""
_LOCK = "hashtextextended(CAST(:account AS text), 2003135340)"  # "wspl"


def add(session: Session, portions: Sequence[tuple[str, bytes]]) -> None:
    """Keep portions of events, each with its account, in this order."""
    with cursor_of(session) as cursor:
        cursor.execute(_ADD, columns(portions, 2))


def waiting(session: Session, *, after: UUID) -> Sequence[Row]:
    """Accounts of which something waits, in the order of their ids: `account_id`, `heard_at` of the first, and whether
    it `is_due`; `MOST_ACCOUNTS` at most."""
    return session.execute(text(_WAITING), {"after": after, "limit": MOST_ACCOUNTS}).mappings().all()


def take(session: Session, account_id: UUID) -> Row | None:
    """The account's first portion, unless it waits for another try, or another process has the account in hand."""
    if not session.scalar(text(f"SELECT pg_try_advisory_xact_lock({_LOCK})"), {"account": account_id}):
        return None
    row = session.execute(
        text(
            "SELECT position, events, heard_at, tries, due_at <= now() AS is_due FROM webhook_spool"
            " WHERE account_id = :account AND NOT is_parked ORDER BY position LIMIT 1"
        ),
        {"account": account_id},
    )
    first = row.mappings().one_or_none()
    return first if first is not None and first["is_due"] else None


def delete(session: Session, position: int) -> None:
    session.execute(text("DELETE FROM webhook_spool WHERE position = :position"), {"position": position})


def replace(session: Session, position: int, events: bytes) -> None:
    """Leave of a portion these events."""
    statement = text("UPDATE webhook_spool SET events = :events WHERE position = :position")
    session.execute(statement, {"position": position, "events": events})


def put_off(session: Session, account_id: UUID, *, wait: timedelta, most_tries: int) -> bool:
    """Try the account's first portion again after `wait`, or park it after so many tries; whether it was parked."""
    statement = text(
        "UPDATE webhook_spool SET tries = tries + 1, due_at = now() + :wait, is_parked = tries + 1 >= :most"
        " WHERE position = (SELECT position FROM webhook_spool WHERE account_id = :account AND NOT is_parked"
        " ORDER BY position LIMIT 1) RETURNING is_parked"
    )
    bound: dict[str, Any] = {"account": account_id, "wait": wait, "most": most_tries}
    return bool(session.scalar(statement, bound))


def delete_old(session: Session, *, before: datetime, limit: int) -> int:
    """What was parked and nobody came for."""
    return changed(
        session,
        "DELETE FROM webhook_spool WHERE position IN (SELECT position FROM webhook_spool"
        " WHERE is_parked AND heard_at < :before LIMIT :limit)",
        before=before, limit=limit,
    )  # fmt: skip
