"""Single messages: sends, their ledger rows from the first moment, and their way into the lanes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chassis import outbox
from chassis.database import cursor_of
from chassis.ids import new_id
from contracts import ids, lanes
from contracts.vocabulary import Channel, MessageState
from sms_gateway.models import Ledger, Send

if TYPE_CHECKING:
    from sms_gateway.usecases.sending import Plan

_OF_ACCOUNT = ("sender_ids", "contents", "routes", "sends", "ledger", "retries")


def add(session: Session, plan: Plan, *, send_id: UUID) -> UUID:
    """Add a send, or find the one that the same request key made before; returns which it is."""
    statement = (
        insert(Send)
        .values(
            send_id=send_id,
            account_id=plan.account_id,
            content_hash="",
            lane=plan.lane,
            text=plan.text,
            external_id=plan.external_id,
            recipients=len(plan.addresses),
            stem_id=ids.message_id(send_id, 0),
            request_hash=plan.request_hash,
        )
        .on_conflict_do_nothing(index_elements=["request_hash"])
        .returning(Send.send_id)
    )
    added = session.scalar(statement)
    if added is not None:
        return added
    return session.scalars(select(Send.send_id).where(Send.request_hash == plan.request_hash)).one()


def start(session: Session, plan: Plan, *, send_id: UUID, content_hash: str, now: datetime) -> None:
    """Ledger rows `accepted`, their events, and the batches: into the lane, or into the schedule."""
    session.execute(
        text("UPDATE sends SET content_hash = :hash WHERE send_id = :send_id"),
        {"hash": content_hash, "send_id": send_id},
    )
    of = ids.message_ids(send_id)
    recipients = [
        {"number": number, "contact_id": None, "address": address, "fields": plan.fields}
        for number, address in enumerate(plan.addresses, 1)
    ]
    message_ids = [of(number) for number in range(1, len(recipients) + 1)]
    _write_accepted(session, plan, message_ids)
    _announce(session, plan, message_ids, now)
    header = {
        "v": 1,
        "account_id": str(plan.account_id),
        "campaign_id": None,
        "send_id": str(send_id),
        "content_hash": content_hash,
        "trace_id": "",
        "accepted_at": (plan.schedule_at or now).timestamp(),
    }
    if plan.schedule_at is not None:
        _schedule(session, plan, header, recipients, message_ids)
        return
    lane = lanes.channel_lane(Channel.SMS, plan.lane)
    for start_at in range(0, len(recipients), lanes.BATCH_SIZE):
        some = recipients[start_at : start_at + lanes.BATCH_SIZE]
        outbox.record_lane(session, lane, orjson.dumps({**header, "batch_id": str(new_id()), "recipients": some}))


def _write_accepted(session: Session, plan: Plan, message_ids: list[UUID]) -> None:
    cursor_of(session).execute(
        "INSERT INTO ledger (message_id, account_id, address, state, parts)"
        " SELECT u.id, %s, u.address, 'accepted', %s FROM unnest(%s::uuid[], %s::text[]) AS u(id, address)",
        (plan.account_id, plan.parts, message_ids, plan.addresses),
    )


def _announce(session: Session, plan: Plan, message_ids: list[UUID], now: datetime) -> None:
    events = [
        {
            "message_id": str(message_id),
            "account_id": str(plan.account_id),
            "at": now.timestamp(),
            "kind": MessageState.ACCEPTED,
            "channel": Channel.SMS,
            "campaign_id": None,
            "address": address,
            "sender": plan.sender,
            "parts": plan.parts,
        }
        for message_id, address in zip(message_ids, plan.addresses, strict=True)
    ]
    body = orjson.dumps({"v": 1, "source": "sms_gateway", "events": events})
    outbox.record_lane(session, lanes.DELIVERY_EVENTS, body)


def _schedule(
    session: Session, plan: Plan, header: dict[str, Any], recipients: list[dict[str, Any]], message_ids: list[UUID]
) -> None:
    bodies = [
        orjson.dumps({**header, "batch_id": str(new_id()), "lane": plan.lane, "recipients": [recipient]})
        for recipient in recipients
    ]
    cursor_of(session).execute(
        "INSERT INTO retries (message_id, account_id, due_at, attempts, body)"
        " SELECT u.id, %s, %s, 0, u.body FROM unnest(%s::uuid[], %s::bytea[]) AS u(id, body)",
        (plan.account_id, plan.schedule_at, message_ids, bodies),
    )


def message(session: Session, *, account_id: UUID, message_id: UUID) -> dict[str, Any] | None:
    """One message with its send's text, or None."""
    row = session.scalar(select(Ledger).where(Ledger.message_id == message_id, Ledger.account_id == account_id))
    if row is None:
        return None
    stem_id = UUID(int=message_id.int >> 32 << 32)
    found = session.execute(
        text(
            "SELECT s.text, s.external_id, s.created_at, c.sender FROM sends s"
            " LEFT JOIN contents c ON c.content_hash = s.content_hash"
            " WHERE s.stem_id = :stem AND s.account_id = :account"
        ),
        {"stem": stem_id, "account": account_id},
    ).one_or_none()
    return {
        "id": row.message_id,
        "to": row.address,
        "from": found.sender if found else None,
        "text": found.text if found else None,
        "state": MessageState(row.state),
        "code": row.code,
        "parts": row.parts,
        "campaign_id": row.campaign_id,
        "external_id": found.external_id if found else None,
        "created_at": found.created_at if found else ids.created_at(message_id),
        "submitted_at": row.submitted_at,
        "final_at": row.final_at,
    }


def erase_account(session: Session, account_id: UUID) -> None:
    """Delete every row of the account."""
    where = {"account": account_id}
    for table, column in (("unknown_messages", "message_id"), ("ledger_parts", "message_id")):
        session.execute(
            text(f"DELETE FROM {table} WHERE {column} IN (SELECT message_id FROM ledger WHERE account_id = :account)"),
            where,
        )
    for table in _OF_ACCOUNT:
        session.execute(text(f"DELETE FROM {table} WHERE account_id = :account"), where)
