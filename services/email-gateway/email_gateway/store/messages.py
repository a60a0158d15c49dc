"""Single e-mails: their ledger rows from the first moment, and their way into the lane."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select, text

from channel.batches import gathered
from channel.retries import UPKEEP
from chassis import outbox, suspensions, waking
from chassis.database import Session, columns, cursor_of
from contracts.ids import message_ids
from contracts.lanes import BATCH_SIZE, DELIVERY_EVENTS, channel_lane
from contracts.vocabulary import Channel, Lane, MessageState
from email_gateway.domain.senders import FORM_ACCOUNT, SYSTEM_ACCOUNT
from email_gateway.domain.sends import Plan
from email_gateway.models import LedgerRow

RequestKey = tuple[UUID, str]
"""Account and key of a request."""

_ADD = (
    "INSERT INTO ledger (message_id, account_id, address, sender, lane, state, content_hash, fields, name, external_id)"
    f" SELECT m.id, m.account_id, m.address, m.sender, '{Lane.TRANSACTIONAL}', 'accepted', m.content_hash, m.fields,"
    " m.name, m.external_id"
    " FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::jsonb[], %s::text[], %s::text[])"
    " AS m(id, account_id, address, sender, content_hash, fields, name, external_id) ON CONFLICT DO NOTHING"
)


def made_before(session: Session, keys: Collection[RequestKey]) -> dict[RequestKey, UUID]:
    """The sends that requests with these keys have made."""
    if not keys:
        return {}
    cursor = cursor_of(session)
    cursor.execute(
        "SELECT r.account_id, r.request_key, r.send_id"
        " FROM unnest(%s::uuid[], %s::text[]) AS k(account_id, request_key)"
        " JOIN requests r USING (account_id, request_key)",
        columns(keys, 2),
    )
    return {(row[0], row[1]): row[2] for row in cursor.fetchall()}


def keep_requests(session: Session, requests: Collection[tuple[UUID, str, UUID]]) -> bool:
    """Keep (account, key, send) of each; False where another request with one of the keys came first."""
    if not requests:
        return True
    cursor = cursor_of(session)
    cursor.execute(
        "INSERT INTO requests (account_id, request_key, send_id)"
        " SELECT * FROM unnest(%s::uuid[], %s::text[], %s::uuid[]) ON CONFLICT DO NOTHING",
        columns(sorted(requests), 3),
    )
    return cursor.rowcount == len(requests)


def add(session: Session, plans: Mapping[UUID, Plan]) -> None:
    """Rows `accepted` with all that a person may ask for, their events, and the batches into the lane or the schedule.

    :param plans: by send id.
    """
    ids = {
        send_id: list(map(message_ids(send_id), range(1, len(plan.recipients) + 1))) for send_id, plan in plans.items()
    }
    rows = [
        (message_id, plan.account_id, to.address, plan.sender, plan.content_hash, orjson.dumps(to.fields).decode(),
         to.name, plan.external_id)
        for send_id, plan in plans.items()
        for message_id, to in zip(ids[send_id], plan.recipients, strict=True)
    ]  # fmt: skip
    cursor_of(session).execute(_ADD, columns(rows, 8))
    _schedule(session, {send_id: plan for send_id, plan in plans.items() if plan.schedule_at is not None}, ids)
    lane = channel_lane(Channel.EMAIL, Lane.TRANSACTIONAL)
    batches = [_batch(send_id, plan) for send_id, plan in plans.items() if plan.schedule_at is None]
    # First what says that they were accepted: reporting hears of what a message is before it hears what becomes of it.
    outbox.record_lanes(session, [*_accepted(plans, ids), *gathered(lane, batches)])


def _accepted(plans: Mapping[UUID, Plan], ids: Mapping[UUID, list[UUID]]) -> list[tuple[str, bytes]]:
    """`accepted` events of all messages, as lane messages; of Wici's own mails nothing is told."""
    at = datetime.now(UTC).timestamp()
    events = [
        {
            "message_id": str(message_id),
            "account_id": str(plan.account_id),
            "at": at,
            "kind": MessageState.ACCEPTED,
            "channel": Channel.EMAIL,
            "campaign_id": None,
            "address": to.address,
            "sender": plan.sender,
            "domain": to.address.partition("@")[2],
            "parts": 1,
            "labels": {
                "external_id": plan.external_id,
                "subject": to.subject,
                "tags": list(plan.tags),
                "submitter_id": plan.submitter_id,
                "test_of": plan.test_of,
                "webhook_url": plan.webhook_url,
            },
        }
        for send_id, plan in plans.items()
        if plan.account_id != SYSTEM_ACCOUNT
        for message_id, to in zip(ids[send_id], plan.recipients, strict=True)
    ]
    return [
        (
            DELIVERY_EVENTS,
            orjson.dumps({"v": 1, "source": "email_gateway", "events": events[first : first + BATCH_SIZE]}),
        )
        for first in range(0, len(events), BATCH_SIZE)
    ]


def _schedule(session: Session, plans: Mapping[UUID, Plan], ids: Mapping[UUID, list[UUID]]) -> None:
    """:param plans: those that have a time to leave at."""
    if not plans:
        return
    rows: list[tuple[UUID, UUID, datetime, bytes]] = []
    for send_id, plan in plans.items():
        batch, at = _batch(send_id, plan), plan.schedule_at
        assert at is not None
        header = {**batch, "lane": Lane.TRANSACTIONAL, "accepted_at": at.timestamp()}
        rows += [
            (message_id, plan.account_id, at, orjson.dumps({**header, "recipients": [recipient]}))
            for message_id, recipient in zip(ids[send_id], batch["recipients"], strict=True)
        ]
    cursor_of(session).execute(
        "INSERT INTO retries (message_id, account_id, due_at, attempts, body)"
        " SELECT u.id, u.account_id, u.due_at, 0, u.body"
        " FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::bytea[]) AS u(id, account_id, due_at, body)"
        " ON CONFLICT DO NOTHING",
        columns(rows, 4),
    )
    waking.wake(session, UPKEEP)


def _batch(send_id: UUID, plan: Plan) -> dict[str, Any]:
    return {
        "batch_id": str(send_id),
        "account_id": str(plan.account_id),
        "campaign_id": None,
        "send_id": str(send_id),
        "content_hash": plan.content_hash,
        "trace_id": plan.trace_id,
        "recipients": [
            {"number": number, "contact_id": None, "address": to.address, "fields": to.fields, "name": to.name}
            for number, to in enumerate(plan.recipients, start=1)
        ],
    }


def message(session: Session, *, account_id: UUID, message_id: UUID) -> LedgerRow | None:
    return session.scalar(
        select(LedgerRow).where(LedgerRow.account_id == account_id, LedgerRow.message_id == message_id)
    )


def erase_account(session: Session, *, account_id: UUID) -> None:
    """Forget every address of the account; what is waiting is not sent any more."""
    suspensions.close(session, account_id)
    # With the confirmation mails of its forms that left, or are to leave, from the platform's address.
    theirs = f"account_id = :account_id OR account_id = :system AND fields ->> '{FORM_ACCOUNT}' = :account_text"
    bound = {"account_id": account_id, "system": SYSTEM_ACCOUNT, "account_text": str(account_id)}
    # A retry's fields are in its body, and its ledger row says whose it is.
    session.execute(
        text(f"DELETE FROM retries WHERE message_id IN (SELECT message_id FROM ledger WHERE {theirs})"), bound
    )
    # What is in hand at this moment is settled all the same; what a process left behind when it died is not.
    in_hand = "DELETE FROM claims WHERE position(convert_to(:account, 'UTF8') IN body) > 0"
    session.execute(text(in_hand), {"account": str(account_id)})
    session.execute(text("DELETE FROM retries WHERE account_id = :account_id"), {"account_id": account_id})
    session.execute(text("DELETE FROM quota_leases WHERE account_id = :account_id"), {"account_id": account_id})
    session.execute(text("DELETE FROM erasures WHERE account_id = :account_id"), {"account_id": account_id})
    session.execute(text("DELETE FROM campaign_states WHERE account_id = :account_id"), {"account_id": account_id})
    session.execute(text("DELETE FROM blobs WHERE account_id = :account_id"), {"account_id": account_id})
    session.execute(text("DELETE FROM smtp_accounts WHERE account_id = :account_id"), {"account_id": account_id})
    session.execute(text("DELETE FROM requests WHERE account_id = :account_id"), {"account_id": account_id})
    session.execute(text(f"DELETE FROM ledger WHERE {theirs}"), bound)
