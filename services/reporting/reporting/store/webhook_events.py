"""What webhooks are to be told: one row for each webhook and event."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis import erasures
from chassis.database import changed, cursor_of
from contracts.vocabulary import ERASED_ADDRESS
from reporting.domain.labels import Kind
from reporting.domain.webhooks import PERSONAL, HeardEvent
from reporting.store.messages import Row

# An event that says nothing of a message that the log knows is sent without an address after so long.
WAITS_FOR_LOG = timedelta(seconds=60)

# In the order in which they came, so that `position` keeps it. Twice is harmless: the event's id says so.
# Whose a single message is say the sends that were heard of, and of those before the log.
_ADD = f"""
INSERT INTO webhook_events (webhook_id, event_id, account_id, message_id, type, occurred_at, details)
SELECT w.id, e.event_id, e.account_id, e.message_id, e.type, e.occurred_at, e.details
FROM ROWS FROM (jsonb_to_recordset(%s::text::jsonb) AS (event_id uuid, account_id uuid, channel text, campaign_id uuid,
    message_id uuid, type text, occurred_at timestamptz, details jsonb, stem_id uuid)) WITH ORDINALITY
    AS e (event_id, account_id, channel, campaign_id, message_id, type, occurred_at, details, stem_id, n)
JOIN webhooks w ON w.account_id = e.account_id AND w.enabled AND w.paused_at IS NULL
    AND w.deleted_at IS NULL AND e.type = ANY (w.events)
    AND (w.channel IS NULL OR w.channel = e.channel)
    AND (w.campaign_id IS NULL OR w.campaign_id = e.campaign_id)
    AND (%s::timestamptz IS NULL OR w.created_at <= %s::timestamptz)
LEFT JOIN webhook_sends s ON s.stem_id = e.stem_id AND s.account_id = e.account_id
WHERE (NOT w.for_sends OR s.webhook_id = w.id)
    AND (w.submitter_id IS NULL OR s.submitter_id = w.submitter_id
        OR e.stem_id IS NOT NULL AND s.stem_id IS NULL AND EXISTS (SELECT FROM labels l
            WHERE l.account_id = e.account_id AND l.kind = {int(Kind.SUBMITTER)} AND l.label = w.submitter_id::text
                AND l.message_id = e.message_id))
ORDER BY e.n
ON CONFLICT DO NOTHING
"""


def add(session: Session, events: Sequence[HeardEvent], *, heard_at: datetime | None = None) -> int:
    """Keep the events for whichever webhooks want them, of those made by `heard_at`; returns how many rows it made."""
    with cursor_of(session) as cursor:
        cursor.execute(_ADD, (orjson.dumps(events).decode(), heard_at, heard_at))
        return cursor.rowcount


def add_test(session: Session, delivery_id: UUID, *, webhook_id: UUID, account_id: UUID, event: HeardEvent) -> None:
    """An event for one webhook alone, in a delivery of its own."""
    session.execute(
        text(
            "INSERT INTO webhook_events"
            " (webhook_id, event_id, account_id, delivery_id, type, occurred_at, details)"
            " VALUES (:webhook, :event, :account, :delivery, :type, :at, CAST(:details AS jsonb))"
        ),
        {
            "webhook": webhook_id,
            "event": event.event_id,
            "account": account_id,
            "delivery": delivery_id,
            "type": event.type,
            "at": event.occurred_at,
            "details": orjson.dumps(event.details).decode(),
        },
    )


# An event waits while an earlier one of its message is in a delivery that is not through. These are few, however many
# events a message has: what an endpoint that fails has open is bounded.
_WAITING = text(
    "SELECT event_id, message_id, type, occurred_at, details::text AS details, created_at FROM webhook_events"
    " WHERE webhook_id = :webhook AND delivery_id IS NULL AND (message_id IS NULL OR message_id NOT IN"
    "  (SELECT u.message_id FROM webhook_events u WHERE u.message_id IS NOT NULL AND u.delivery_id = ANY (ARRAY("
    "   SELECT id FROM webhook_deliveries WHERE webhook_id = :webhook AND state = 'pending'))))"
    " ORDER BY position LIMIT :limit"
)


def waiting(session: Session, *, webhook_id: UUID, limit: int) -> Sequence[Row]:
    """The first events that are in no delivery, but for those whose message has an earlier one under way."""
    return session.execute(_WAITING, {"webhook": webhook_id, "limit": limit}).mappings().all()


def put_into(session: Session, delivery_id: UUID, *, webhook_id: UUID, event_ids: Collection[UUID]) -> None:
    session.execute(
        text(
            "UPDATE webhook_events SET delivery_id = :delivery WHERE webhook_id = :webhook AND event_id = ANY(:events)"
        ),
        {"delivery": delivery_id, "webhook": webhook_id, "events": list(event_ids)},
    )


def of_delivery(session: Session, delivery_id: UUID) -> Sequence[Row]:
    """The events in a delivery, in their order; `details` as JSON text."""
    query = text(
        "SELECT event_id, message_id, type, occurred_at, details::text AS details FROM webhook_events"
        " WHERE delivery_id = :delivery ORDER BY position"
    )
    return session.execute(query, {"delivery": delivery_id}).mappings().all()


def messages(session: Session, message_ids: Collection[UUID]) -> dict[UUID, Row]:
    """What the log says of who these messages are to."""
    if not message_ids:
        return {}
    query = text(
        "SELECT message_id, address, contact_id FROM messages WHERE message_id = ANY(:ids)"
        " AND message_id BETWEEN :least AND :greatest"
    )
    bound = {"ids": list(message_ids), "least": min(message_ids), "greatest": max(message_ids)}
    return {row["message_id"]: row for row in session.execute(query, bound).mappings()}


def forget_people(session: Session, message_ids: Collection[UUID]) -> None:
    """Take out of the events of these messages what is said of the person."""
    session.execute(
        text("UPDATE webhook_events SET details = details - CAST(:names AS text[]) WHERE message_id = ANY(:ids)"),
        {"names": list(PERSONAL), "ids": list(message_ids)},
    )


def forget_addresses(session: Session, *, account_id: UUID, addresses: Collection[str]) -> None:
    """Take these addresses out of events that are about no message."""
    session.execute(
        text(
            "UPDATE webhook_events SET details = (details - 'text')"
            " || jsonb_build_object('address', CAST(:erased AS text), 'contact_id', NULL)"
            " WHERE account_id = :account AND message_id IS NULL"
            " AND (details ->> 'address') = ANY(CAST(:addresses AS text[]))"
        ),
        {"account": account_id, "addresses": list(addresses), "erased": ERASED_ADDRESS},
    )


def erased_since(session: Session, *, account_id: UUID, addresses: Collection[str], moment: datetime) -> set[str]:
    """Those of the addresses whose person was erased at that moment or later."""
    address_by_mark = {mark: address for address in addresses for mark in erasures.marks(account_id, address)}
    query = text(
        "SELECT mark FROM erasures WHERE account_id = :account AND erased_at >= :moment AND mark = ANY(:marks)"
    )
    found = session.scalars(query, {"account": account_id, "moment": moment, "marks": list(address_by_mark)})
    return {address_by_mark[bytes(mark)] for mark in found}


def delete_old(session: Session, *, before: datetime, limit: int) -> int:
    return changed(
        session,
        "DELETE FROM webhook_events WHERE (webhook_id, event_id) IN (SELECT webhook_id, event_id FROM webhook_events"
        " WHERE created_at < :before ORDER BY created_at LIMIT :limit)",
        before=before, limit=limit,
    )  # fmt: skip
