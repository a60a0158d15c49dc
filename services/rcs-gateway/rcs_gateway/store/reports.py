"""What Google tells, written down: states and reading of messages, taps, and what people say.

Harmless twice: a state is changed once, engagement has an id of its own, and an answer is kept under an id made of
Google's. What comes before its message is written down waits in `early_reports`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import orjson
from psycopg import Cursor

from channel.ports import Event
from chassis.database import columns
from contracts.vocabulary import Channel, Engagement, MessageState
from rcs_gateway.batches import Arrived
from rcs_gateway.domain.events import Answer, Status, Told
from rcs_gateway.domain.outcomes import EXPIRED, REVOKED
from rcs_gateway.store import inbound

EARLY_WAIT, EARLY_FOR = timedelta(seconds=1), timedelta(minutes=10)
_STATES: dict[Told, tuple[MessageState, str | None]] = {
    Told.DELIVERED: (MessageState.DELIVERED, None),
    Told.READ: (MessageState.DELIVERED, None),
    Told.EXPIRED: (MessageState.EXPIRED, EXPIRED),
    Told.REVOKED: (MessageState.UNDELIVERED, REVOKED),
}
# Found by LATERAL and LIMIT, so that no plan walks through the ledger; written as an insert that always meets its row
# (as receipts of SMS are: sms_gateway.store.receipts).
_APPLY = """
WITH hit AS MATERIALIZED (
  SELECT t.id, t.state, t.code, t.at, found.account_id, found.address
  FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::float8[]) AS t(id, account, state, code, at)
  CROSS JOIN LATERAL (
    SELECT account_id, address, state FROM ledger WHERE message_id = t.id AND account_id = t.account LIMIT 1
  ) found
  WHERE found.state IN ('accepted', 'deferred', 'submitted', 'unknown')
)
INSERT INTO ledger AS l (message_id, account_id, address, state, code, updated_at)
SELECT id, account_id, address, state, code, to_timestamp(at) FROM hit
ON CONFLICT (message_id) DO UPDATE SET state = excluded.state, code = excluded.code, updated_at = excluded.updated_at
WHERE l.state IN ('accepted', 'deferred', 'submitted', 'unknown')
RETURNING l.message_id
"""
_FIND = """
SELECT t.id, found.campaign_id, found.contact_id
FROM unnest(%s::uuid[], %s::uuid[]) AS t(id, account)
CROSS JOIN LATERAL (
  SELECT campaign_id, contact_id FROM ledger WHERE message_id = t.id AND account_id = t.account LIMIT 1
) found
"""


class Known(NamedTuple):
    """What the ledger says of a message."""

    campaign_id: UUID | None
    contact_id: UUID | None


def apply(cursor: Cursor[Any], arrived: Sequence[Arrived], now: datetime) -> list[Event]:
    """Returns the delivery events of what is new."""
    statuses = [each for each in arrived if isinstance(each.told, Status)]
    answers = [each for each in arrived if isinstance(each.told, Answer)]
    asked = {(each.told.message_id, each.account_id) for each in arrived if each.told.message_id is not None}
    known = _known(cursor, asked)
    early = [each for each in statuses if each.told.message_id not in known]
    _park(cursor, early, now)
    there = [each for each in statuses if each.told.message_id in known]
    return [*_state_events(cursor, there, known), *_read_events(there, known), *inbound.take(cursor, answers, known)]


def _known(cursor: Cursor[Any], asked: Collection[tuple[UUID, UUID]]) -> dict[UUID, Known]:
    if not asked:
        return {}
    cursor.execute(_FIND, columns(sorted(asked), 2))
    return {message_id: Known(*rest) for message_id, *rest in cursor.fetchall()}


def _state_events(cursor: Cursor[Any], statuses: Sequence[Arrived], known: dict[UUID, Known]) -> list[Event]:
    wanted: dict[UUID, tuple[Arrived, MessageState, str | None]] = {}
    for each in statuses:
        state, code = _STATES[each.told.told]  # type: ignore[union-attr]  # statuses alone
        before = wanted.get(each.told.message_id)  # type: ignore[arg-type]
        if before is None or before[1] is not MessageState.DELIVERED:  # who has it, has it
            wanted[each.told.message_id] = each, state, code  # type: ignore[index]
    if not wanted:
        return []
    rows = [(key, wanted[key][0].account_id, *wanted[key][1:], wanted[key][0].at) for key in sorted(wanted)]
    cursor.execute(_APPLY, columns(rows, 5))
    events = []
    for (message_id,) in cursor.fetchall():
        each, state, code = wanted[message_id]
        event = event_of(each, message_id, known[message_id], state)
        events.append({**event, "code": code} if code else event)
    return events


def _read_events(statuses: Sequence[Arrived], known: dict[UUID, Known]) -> list[Event]:
    events = []
    for each in statuses:
        if isinstance(each.told, Status) and each.told.told is Told.READ:
            message_id = each.told.message_id
            event = event_of(each, message_id, known[message_id], Engagement.OPENED)
            events.append({**event, "event_id": str(uuid5(message_id, Engagement.OPENED))})
    return events


def event_of(arrived: Arrived, message_id: UUID, known: Known, kind: str) -> Event:
    return {
        "message_id": str(message_id), "account_id": str(arrived.account_id), "at": arrived.at, "kind": kind,
        "channel": Channel.RCS, "campaign_id": str(known.campaign_id) if known.campaign_id else None,
        "contact_id": str(known.contact_id) if known.contact_id else None,
    }  # fmt: skip


# --- what came early


def _park(cursor: Cursor[Any], early: Sequence[Arrived], now: datetime) -> None:
    rows = [
        (
            each.account_id, each.agent_id,
            orjson.dumps({name: each.event.get(name) for name in ("eventType", "messageId")}).decode(), each.at,
            now + EARLY_WAIT, each.until or now + EARLY_FOR,
        )
        for each in early
        if now < (each.until or now + EARLY_FOR)
    ]  # fmt: skip
    if rows:
        cursor.execute(
            "INSERT INTO early_reports (account_id, agent_id, event, at, due_at, until) SELECT * FROM"
            " unnest(%s::uuid[], %s::uuid[], %s::jsonb[], %s::float8[], %s::timestamptz[], %s::timestamptz[])",
            columns(rows, 6),
        )


def take_early(cursor: Cursor[Any], now: datetime, limit: int) -> list[tuple[UUID, UUID, Any, float, datetime]]:
    """Account, agent, event, moment and when it is given up, of those that are due, in the caller's transaction."""
    cursor.execute(
        "DELETE FROM early_reports WHERE id IN (SELECT id FROM early_reports WHERE due_at <= %s ORDER BY due_at"
        " LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING account_id, agent_id, event, at, until",
        (now, limit),
    )
    return cursor.fetchall()
