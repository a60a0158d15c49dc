"""Receipts and answers on their way to partners: kept until acknowledged, for three days at most.

A row is made in the transaction that learns of the end of a message, or of an answer. A server that has a bind of the
partner's takes it by moving `due_at` on; where nothing is heard of it by then, because the server died, it is taken
again.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from psycopg import Cursor
from sqlalchemy import text

from channel.ports import Event
from chassis import waking
from chassis.database import Session, changed, columns, cursor_of
from chassis.ids import new_id
from contracts import ids
from contracts.vocabulary import ERASED_ADDRESS, MessageState

DELIVERIES = "smpp_deliveries"
"""What the servers are woken by (`chassis.waking`)."""

KEPT = timedelta(days=3)
LEASE = 120.0  # seconds; longer than any server waits for an acknowledgement
WITHOUT_RECEIPT = "no_receipt"
_FINAL = frozenset({MessageState.DELIVERED, MessageState.UNDELIVERED, MessageState.EXPIRED, MessageState.REJECTED})

# Each looked up by itself, through an index: what is a partner's is not known before.
_RECEIPTS = f"""
INSERT INTO smpp_deliveries (id, smpp_account_id, account_id, message_id, address, due_at, body)
SELECT u.id, s.smpp_account_id, s.account_id, u.message_id, l.address, u.due_at,
  jsonb_build_object('kind', 'receipt', 'state', u.state, 'code', u.code, 'at', u.at, 'recipients', s.recipients,
    'smpp', s.smpp, 'parameters', u.parameters)
FROM unnest(%s::uuid[], %s::timestamptz[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::float8[],
  %s::jsonb[]) AS u(id, due_at, message_id, stem_id, state, code, at, parameters)
CROSS JOIN LATERAL (
  SELECT smpp_account_id, account_id, recipients, smpp FROM sends
  WHERE stem_id = u.stem_id AND smpp_account_id IS NOT NULL LIMIT 1
) s
CROSS JOIN LATERAL (SELECT address FROM ledger WHERE message_id = u.message_id LIMIT 1) l
WHERE l.address <> '{ERASED_ADDRESS}' AND EXISTS (SELECT FROM smpp_accounts a WHERE a.id = s.smpp_account_id)
  AND CASE s.smpp ->> 'registered' WHEN '1' THEN true WHEN '2' THEN u.state <> 'delivered'
    WHEN '3' THEN u.state = 'delivered' ELSE false END
"""
# Whoever sent the message that is answered; where that was no partner, all who may use the number.
_TAKERS = """
SELECT u.place, a.id FROM unnest(%s::int[], %s::uuid[], %s::uuid[], %s::text[]) AS u(place, account_id, stem_id, number)
JOIN smpp_accounts a ON a.account_id = u.account_id AND a.answers
LEFT JOIN LATERAL (
  SELECT s.smpp_account_id FROM sends s JOIN smpp_accounts o ON o.id = s.smpp_account_id
  WHERE s.stem_id = u.stem_id LIMIT 1
) sent ON true
WHERE CASE WHEN sent.smpp_account_id IS NULL
  THEN a.senders = '{}' OR EXISTS (SELECT FROM unnest(a.senders) AS n
    WHERE regexp_replace(lower(n), '^([+]|00)', '') = u.number)
  ELSE a.id = sent.smpp_account_id END
ORDER BY u.place, a.id
"""
_ADD_ANSWERS = """
INSERT INTO smpp_deliveries (id, smpp_account_id, account_id, address, due_at, body)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[], %s::jsonb[])
"""
_TAKE = """
UPDATE smpp_deliveries d SET due_at = clock_timestamp() + make_interval(secs => %s), attempts = least(attempts + 1, 999)
WHERE id = ANY (ARRAY(
  SELECT t.id FROM unnest(%s::uuid[], %s::int[]) AS a(smpp_account_id, room)
  CROSS JOIN LATERAL (
    SELECT w.id FROM smpp_deliveries w
    WHERE w.smpp_account_id = a.smpp_account_id AND w.due_at <= now() ORDER BY w.due_at, w.id LIMIT a.room
    FOR UPDATE SKIP LOCKED
  ) t
)) RETURNING d.id, d.smpp_account_id, d.message_id, d.address, d.attempts, d.body
"""


class Delivery(NamedTuple):
    """One of them, taken. `attempts` counts this one too."""

    id: UUID
    smpp_account_id: UUID
    message_id: UUID | None
    address: str
    attempts: int
    body: dict[str, Any]


class Answer(NamedTuple):
    """A message from a phone to one of the account's numbers, which is `number` without `+`."""

    account_id: UUID
    message_id: UUID | None
    number: str
    phone: str
    body: dict[str, Any]


def stem_of(message_id: UUID) -> UUID:
    return UUID(int=message_id.int >> 32 << 32)


def add_receipts(cursor: Cursor[Any], events: Sequence[Event]) -> None:
    """Those of `events` that end a partner's message become receipts for it."""
    now, rows = datetime.now(UTC), []
    for event in events:
        if event["campaign_id"] is not None or not _is_end(event):
            continue
        message_id, parameters = UUID(event["message_id"]), event.pop("parameters", None)
        rows.append(
            (
                new_id(), now, message_id, stem_of(message_id), event["kind"], event.get("code") or "", event["at"],
                orjson.dumps(parameters).decode() if parameters else None,
            )
        )  # fmt: skip
    if rows:
        cursor.execute(_RECEIPTS, columns(rows, 8))
        if cursor.rowcount:
            waking.wake_elsewhere(cursor, DELIVERIES)


def _is_end(event: Event) -> bool:
    if event["kind"] == MessageState.UNKNOWN:
        return event.get("code") == WITHOUT_RECEIPT
    return event["kind"] in _FINAL


def add_answers(cursor: Cursor[Any], answers: Sequence[Answer]) -> None:
    """Answers for the partners who may have them."""
    if not answers:
        return
    asked = [
        (place, each.account_id, each.message_id and stem_of(each.message_id), each.number)
        for place, each in enumerate(answers)
    ]
    cursor.execute(_TAKERS, columns(asked, 4))
    now = datetime.now(UTC)
    rows = [
        (new_id(), taker, of.account_id, of.phone, now, orjson.dumps(of.body).decode())
        for of, taker in ((answers[place], taker) for place, taker in cursor.fetchall())
    ]
    if rows:
        cursor.execute(_ADD_ANSWERS, columns(rows, 6))
        waking.wake_elsewhere(cursor, DELIVERIES)


def take(session: Session, room: Sequence[tuple[UUID, int]]) -> list[Delivery]:
    """What is due, the oldest first, for each (SMPP account, how many at most); nobody else takes it for `LEASE`."""
    cursor = cursor_of(session)
    cursor.execute(_TAKE, (LEASE, *columns(room, 2)))
    return [Delivery(*row) for row in sorted(cursor.fetchall())]


def finish(session: Session, delivery_ids: Collection[UUID]) -> None:
    """They were acknowledged, or refused for good."""
    changed(session, "DELETE FROM smpp_deliveries WHERE id = ANY(:ids)", ids=list(delivery_ids))


def give_back(session: Session, waits: Sequence[tuple[UUID, float]]) -> None:
    """(id, seconds to wait) each; 0 restores its place in the order."""
    now = datetime.now(UTC)
    rows = [(each, now + timedelta(seconds=wait) if wait else ids.created_at(each)) for each, wait in waits]
    cursor_of(session).execute(
        "UPDATE smpp_deliveries d SET due_at = u.due_at FROM unnest(%s::uuid[], %s::timestamptz[]) AS u(id, due_at)"
        " WHERE d.id = u.id",
        columns(rows, 2),
    )


def forget_old(session: Session, now: datetime) -> int:
    return changed(session, "DELETE FROM smpp_deliveries WHERE id < :bound", bound=ids.first_id_at(now - KEPT))


def forget(session: Session, *, account_id: UUID, addresses: Collection[str]) -> None:
    """What is of a person."""
    session.execute(
        text("DELETE FROM smpp_deliveries WHERE account_id = :account AND address = ANY(:addresses)"),
        {"account": account_id, "addresses": list(addresses)},
    )


def octets_of(body: dict[str, Any]) -> bytes:
    return b64decode(body["octets"])


def parameters_of(body: dict[str, Any]) -> dict[int, bytes]:
    """Optional ones of the carrier's, that are passed on; of what was stored before there are none."""
    return {int(tag, 16): bytes.fromhex(value) for tag, value in (body.get("parameters") or {}).items()}


def done_at(body: dict[str, Any]) -> datetime:
    """When the message of a receipt ended."""
    return datetime.fromtimestamp(body["at"], UTC)
