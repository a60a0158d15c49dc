"""Messages that are to be taken back: of those that Google has it is asked, the others do not leave."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Cursor

from channel.kept_contents import SWEPT_AT_ONCE
from chassis.database import Session, changed
from contracts.vocabulary import ERASED_ADDRESS
from rcs_gateway.domain import outcomes as domain

TRIED_FOR = timedelta(hours=1)  # from the first time that Google was asked
AGAIN, LOOKED_AT_LEAST = timedelta(seconds=10), timedelta(minutes=10)
KEEP = timedelta(days=30)
WAITING, REVOKED, TOO_LATE = "waiting", "revoked", "too_late"
# Google is asked for what was handed over. What has not been stays waiting however long that takes, for the sending
# stops it; it is looked at ever more rarely, for it may have been on its way out when it was asked for.
_TAKE = """
WITH taken AS MATERIALIZED (
  SELECT message_id, account_id FROM revocations WHERE state = 'waiting' AND due_at <= %(now)s
  ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), found AS MATERIALIZED (
  SELECT t.message_id, l.address, l.agent_id, l.code, l.state IN ('submitted', 'unknown') AS is_handed_over,
         l.state IS NULL OR l.address = %(erased)s
         OR l.state NOT IN ('accepted', 'deferred', 'submitted', 'unknown') AS is_over
  FROM taken t LEFT JOIN LATERAL (
    SELECT address, agent_id, state, code FROM ledger
    WHERE message_id = t.message_id AND account_id = t.account_id LIMIT 1
  ) l ON true
)
UPDATE revocations r SET
  state = CASE WHEN f.is_over AND f.code = %(revoked)s THEN 'revoked'
               WHEN f.is_over OR f.is_handed_over AND r.tried_at < %(given_up)s THEN 'too_late'
               ELSE 'waiting' END,
  tried_at = CASE WHEN f.is_handed_over THEN coalesce(r.tried_at, %(now)s) ELSE r.tried_at END,
  tries = r.tries + 1,
  due_at = %(now)s + CASE WHEN f.is_handed_over THEN %(again)s
                          ELSE least(%(again)s * power(2, least(r.tries, 10)), %(rarely)s) END
FROM found f WHERE r.message_id = f.message_id
RETURNING r.message_id, r.account_id, f.address, f.agent_id, f.is_handed_over AND r.state = 'waiting'
"""


class Due(NamedTuple):
    message_id: UUID
    account_id: UUID
    phone: str
    agent_id: UUID | None


def ask(session: Session, *, account_id: UUID, message_ids: Collection[UUID], now: datetime) -> None:
    """Those of the account that are not over; twice is harmless."""
    changed(
        session,
        "INSERT INTO revocations (message_id, account_id, state, due_at, asked_at)"
        " SELECT l.message_id, l.account_id, 'waiting', :now, :now FROM unnest(CAST(:ids AS uuid[])) AS u(id)"
        " CROSS JOIN LATERAL (SELECT message_id, account_id, state FROM ledger"
        "  WHERE message_id = u.id AND account_id = :account LIMIT 1) l"
        " WHERE l.state IN ('accepted', 'deferred', 'submitted', 'unknown') ON CONFLICT (message_id) DO NOTHING",
        ids=sorted(message_ids), account=account_id, now=now,
    )  # fmt: skip


def among(cursor: Cursor[Any], message_ids: Collection[str]) -> set[str]:
    """Those that are not to leave any more."""
    cursor.execute(
        "SELECT message_id::text FROM revocations WHERE message_id = ANY(%s::uuid[]) AND state = 'waiting'",
        (sorted(message_ids),),
    )
    return {row[0] for row in cursor.fetchall()}


def take_due(cursor: Cursor[Any], now: datetime, limit: int) -> tuple[int, list[Due]]:
    """How many were looked at, and those of them that Google is to be asked for. Who takes one has it for a while; a
    process that dies with it leaves it to the others."""
    cursor.execute(
        _TAKE,
        {
            "now": now, "limit": limit, "erased": ERASED_ADDRESS, "revoked": domain.REVOKED, "again": AGAIN,
            "rarely": LOOKED_AT_LEAST, "given_up": now - TRIED_FOR,
        },
    )  # fmt: skip
    rows = cursor.fetchall()
    return len(rows), [Due(*row[:4]) for row in rows if row[4]]


def end(cursor: Cursor[Any], message_ids: Sequence[UUID], state: str) -> None:
    """:param state: `revoked` or `too_late`."""
    cursor.execute("UPDATE revocations SET state = %s WHERE message_id = ANY(%s::uuid[])", (state, list(message_ids)))


def sweep(session: Session, now: datetime) -> int:
    return changed(
        session,
        "DELETE FROM revocations WHERE message_id IN"
        " (SELECT message_id FROM revocations WHERE asked_at < :before ORDER BY asked_at LIMIT :limit)",
        before=now - KEEP, limit=SWEPT_AT_ONCE,
    )  # fmt: skip
