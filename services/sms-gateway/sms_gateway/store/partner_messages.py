"""Partners' messages that they ask about by id, and those of them that wait in the schedule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from psycopg import Cursor
from sqlalchemy import text

from channel.retries import UPKEEP
from chassis import outbox, waking
from chassis.database import Session, changed, cursor_of
from contracts import lanes
from contracts.vocabulary import MessageState
from sms_gateway.batches import receipt_event
from sms_gateway.domain.sends import Plan
from sms_gateway.store import contents, smpp_deliveries
from sms_gateway.store.smpp_deliveries import stem_of

_LAST_OF_SEND = 2**32 - 1
_OF_PARTNER = text(
    "SELECT l.state, l.code, l.final_at, l.address, l.parts, s.smpp, s.recipients FROM sends s"
    " CROSS JOIN LATERAL (SELECT * FROM ledger WHERE message_id = :id LIMIT 1) l"
    " WHERE s.stem_id = :stem AND s.smpp_account_id = :smpp_account_id"
)
_WAITING = (
    "SELECT r.due_at, r.body, c.sender, c.content FROM retries r"
    " JOIN sends s ON s.stem_id = %s JOIN contents c ON c.content_hash = s.content_hash"
    " WHERE r.message_id = %s AND r.account_id = %s AND r.attempts = 0 AND r.reason IS NULL AND s.recipients = 1"
    " FOR UPDATE OF r"
)


class Waiting(NamedTuple):
    """What waits for its time: `body` is that of the schedule."""

    due_at: datetime
    body: bytes
    sender: str
    content: dict[str, Any]


def of_partner(session: Session, smpp_account_id: UUID, message_id: UUID) -> Mapping[str, Any] | None:
    asked = {"id": message_id, "stem": stem_of(message_id), "smpp_account_id": smpp_account_id}
    found = session.execute(_OF_PARTNER, asked).mappings().one_or_none()
    return dict(found) if found else None


def cancel(session: Session, account_id: UUID, message_id: UUID, code: str, now: datetime) -> int:
    """End what of the message's send waits in the schedule; returns how many messages that were."""
    cursor = cursor_of(session)
    stem = stem_of(message_id)
    cursor.execute(
        "DELETE FROM retries WHERE message_id > %s AND message_id <= %s AND account_id = %s RETURNING message_id",
        (stem, UUID(int=stem.int | _LAST_OF_SEND), account_id),
    )
    taken = [row[0] for row in cursor.fetchall()]
    if taken:
        _end(session, cursor, taken, code, now)
    return len(taken)


def _end(session: Session, cursor: Cursor[Any], message_ids: list[UUID], code: str, now: datetime) -> None:
    cursor.execute(
        "UPDATE ledger SET state = 'rejected', code = %s, final_at = %s WHERE message_id = ANY(%s)"
        " AND state IN ('accepted', 'deferred') RETURNING message_id::text, account_id::text",
        (code, now, message_ids),
    )
    events = [
        receipt_event(message_id, account_id, None, now.timestamp(), MessageState.REJECTED, code)
        for message_id, account_id in cursor.fetchall()
    ]
    body = orjson.dumps({"v": 1, "source": "sms_gateway", "events": events})
    outbox.record_lanes(session, [(lanes.DELIVERY_EVENTS, body)])
    smpp_deliveries.add_receipts(cursor, events)


def waiting(session: Session, account_id: UUID, message_id: UUID) -> Waiting | None:
    """A message of one phone that waits for its time; it does so until the transaction ends."""
    cursor = cursor_of(session)
    cursor.execute(_WAITING, (stem_of(message_id), message_id, account_id))
    row = cursor.fetchone()
    return Waiting(row[0], bytes(row[1]), row[2], row[3]) if row else None


def replace(session: Session, message_id: UUID, plan: Plan, body: bytes) -> None:
    """Put the plan's text and times in the place of what waits.

    :param body: of the schedule, as it is now.
    """
    assert plan.schedule_at is not None
    (content_hash,) = contents.keep_contents(session, [(plan.account_id, plan.sender, plan.content, plan.schedule_at)])
    changed_body = {**orjson.loads(body), "content_hash": content_hash, "accepted_at": plan.schedule_at.timestamp()}
    changed(
        session, "UPDATE retries SET body = :body, due_at = :due_at WHERE message_id = :id",
        body=orjson.dumps(changed_body), due_at=plan.schedule_at, id=message_id,
    )  # fmt: skip
    changed(
        session, "UPDATE sends SET content_hash = :content_hash, text = :text WHERE stem_id = :stem",
        content_hash=content_hash, text=plan.text, stem=stem_of(message_id),
    )  # fmt: skip
    waking.wake(session, UPKEEP)
