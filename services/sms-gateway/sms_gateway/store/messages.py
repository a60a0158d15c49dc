"""Single messages: sends, their ledger rows from the first moment, and their way into the lanes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select, text

from channel.retries import UPKEEP
from chassis import outbox, suspensions, waking
from chassis.database import Session, columns, cursor_of
from chassis.ids import new_id
from contracts import ids, lanes
from contracts.vocabulary import Channel, MessageState
from sms_gateway.domain.networks import network_of
from sms_gateway.domain.sends import Plan
from sms_gateway.models import Ledger, Send
from sms_gateway.store import literals

# Leases first: whoever sends for the account locks its lease and then the rest, and so both wait in one order.
_OF_ACCOUNT = (
    "account_countries",
    "quota_leases",
    "sender_ids",
    "contents",
    "routes",
    "sends",
    "ledger",
    "retries",
    "erasures",
    "campaign_states",
    "short_link_blocks",
    "smpp_deliveries",
    "smpp_binds",
    "smpp_accounts",
    "sms_keywords",
    "stop_confirmations",
    "inbound_replies",
    "conversation_messages",
)
_SEND = (
    "send_id", "account_id", "content_hash", "lane", "text", "external_id", "recipients", "stem_id", "request_hash",
    "smpp_account_id", "smpp", "sender",
)  # fmt: skip
_KEY = _SEND.index("request_hash")
# The conflict is of the request's key: somebody else with it came first.
_ADD_KEYED = (
    f"INSERT INTO sends ({', '.join(_SEND)})"
    " SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[],"
    " %s::uuid[], %s::text[], %s::uuid[], %s::jsonb[], %s::text[])"
    " ON CONFLICT (request_hash) DO NOTHING RETURNING send_id"
)


def made_before(session: Session, request_hashes: Collection[str]) -> dict[str, UUID]:
    """The sends that requests with these keys have made, by request hash."""
    if not request_hashes:
        return {}
    found = session.execute(select(Send.request_hash, Send.send_id).where(Send.request_hash.in_(request_hashes)))
    return {row.request_hash: row.send_id for row in found if row.request_hash is not None}


def add(session: Session, plans: Mapping[UUID, Plan], hashes: Mapping[UUID, str]) -> set[UUID]:
    """Add sends, `plans` by send id; returns those that are new: no other request with the same key came between.

    :param hashes: of the stored contents, by send id.
    """
    rows = [
        (send_id, plan.account_id, hashes[send_id], plan.lane, plan.text, plan.external_id, len(plan.addresses),
         ids.message_id(send_id, 0), plan.request_hash, *_partner(plan), plan.sender)
        for send_id, plan in plans.items()
    ]  # fmt: skip
    cursor = cursor_of(session)
    added = {row[0] for row in rows if row[_KEY] is None}
    literals.copy(cursor, "sends", _SEND, [row for row in rows if row[_KEY] is None])
    if keyed := [row for row in rows if row[_KEY] is not None]:
        cursor.execute(_ADD_KEYED, columns(keyed, 12))
        added.update(row[0] for row in cursor.fetchall())
    return added


def _partner(plan: Plan) -> tuple[UUID | None, str | None]:
    partner = plan.partner
    return (partner.smpp_account_id, orjson.dumps(partner.as_json()).decode()) if partner else (None, None)


def start(session: Session, plans: Mapping[UUID, Plan], hashes: Mapping[UUID, str], *, now: datetime) -> None:
    """Ledger rows `accepted`, their events, and the batches: into the lanes, or into the schedule."""
    message_ids = {
        send_id: list(map(ids.message_ids(send_id), range(1, len(plan.addresses) + 1)))
        for send_id, plan in plans.items()
    }
    _write_accepted(session, plans, message_ids)
    batches: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for send_id, plan in plans.items():
        header = _header(send_id, plan, hashes[send_id], now)
        only_by = {"carrier_id": str(plan.carrier_id)} if plan.carrier_id is not None else {}
        recipients = [
            {"number": number, "contact_id": None, "address": address, "fields": plan.fields, **only_by}
            for number, address in enumerate(plan.addresses, 1)
        ]
        if plan.schedule_at is not None:
            _schedule(session, plan, header, recipients, message_ids[send_id])
            continue
        lane = lanes.channel_lane(Channel.SMS, plan.lane)
        for first in range(0, len(recipients), lanes.BATCH_SIZE):
            some = recipients[first : first + lanes.BATCH_SIZE]
            batches[lane].append({**header, "batch_id": str(new_id()), "recipients": some})
    lane_messages = [message for lane, some in batches.items() for message in _gathered(lane, some)]
    outbox.record_lanes(session, _announcements(plans, message_ids, now) + lane_messages)


def _gathered(lane: str, batches: list[dict[str, Any]]) -> Iterator[tuple[str, bytes]]:
    """As few lane messages as hold these batches, with no more than `BATCH_SIZE` recipients each."""
    some: list[dict[str, Any]] = []
    size = 0
    for batch in batches:
        if size + len(batch["recipients"]) > lanes.BATCH_SIZE:
            yield lane, orjson.dumps({"v": 1, "batches": some})
            some, size = [], 0
        some.append(batch)
        size += len(batch["recipients"])
    yield lane, orjson.dumps({"v": 1, "batches": some})


def _header(send_id: UUID, plan: Plan, content_hash: str, now: datetime) -> dict[str, Any]:
    return {
        "v": 1,
        "account_id": str(plan.account_id),
        "campaign_id": None,
        "send_id": str(send_id),
        "content_hash": content_hash,
        "trace_id": plan.trace_id,
        "accepted_at": (plan.schedule_at or now).timestamp(),
    }


def _write_accepted(session: Session, plans: Mapping[UUID, Plan], message_ids: Mapping[UUID, list[UUID]]) -> None:
    rows = [
        (message_id, plan.account_id, address, "accepted", plan.parts)
        for send_id, plan in plans.items()
        for message_id, address in zip(message_ids[send_id], plan.addresses, strict=True)
    ]
    names = ("message_id", "account_id", "address", "state", "parts")
    literals.copy(cursor_of(session), "ledger", names, rows)


def _announcements(
    plans: Mapping[UUID, Plan], message_ids: Mapping[UUID, list[UUID]], now: datetime
) -> list[tuple[str, bytes]]:
    """`accepted` events of all messages, as lane messages."""
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
            **_network(address),
            "labels": {
                "external_id": plan.external_id,
                "submitter_id": plan.submitter_id,
                "webhook_url": plan.webhook_url,
            },
        }
        for send_id, plan in plans.items()
        for message_id, address in zip(message_ids[send_id], plan.addresses, strict=True)
    ]
    return [
        (
            lanes.DELIVERY_EVENTS,
            orjson.dumps({"v": 1, "source": "sms_gateway", "events": events[first : first + lanes.BATCH_SIZE]}),
        )
        for first in range(0, len(events), lanes.BATCH_SIZE)
    ]


def _network(address: str) -> dict[str, str]:
    network = network_of(address)
    return {"domain": network} if network is not None else {}


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
    waking.wake(session, UPKEEP)


def message(session: Session, *, account_id: UUID, message_id: UUID) -> dict[str, Any] | None:
    """One message with its send's text, or None."""
    row = session.scalar(select(Ledger).where(Ledger.message_id == message_id, Ledger.account_id == account_id))
    if row is None:
        return None
    stem_id = UUID(int=message_id.int >> 32 << 32)
    found = session.execute(
        text(
            "SELECT s.text, s.external_id, s.created_at, coalesce(s.sender, c.sender) AS sender FROM sends s"
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
    """Delete every row of the account; an outbound process that is at a claim settles it all the same."""
    suspensions.close(session, account_id)
    where = {"account": account_id}
    session.execute(
        text("DELETE FROM claims WHERE send_id IN (SELECT send_id FROM sends WHERE account_id = :account)"), where
    )
    for table, column in (("unknown_messages", "message_id"), ("ledger_parts", "message_id")):
        session.execute(
            text(f"DELETE FROM {table} WHERE {column} IN (SELECT message_id FROM ledger WHERE account_id = :account)"),
            where,
        )
    for table in _OF_ACCOUNT:
        session.execute(text(f"DELETE FROM {table} WHERE account_id = :account"), where)
