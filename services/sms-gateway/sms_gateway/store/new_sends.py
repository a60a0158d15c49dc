"""Sends that are new: what is to be known of them, and their way to disk and into the lanes, a round trip each.

A round trip costs both sides as much as storing a dozen messages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from psycopg import Cursor

from channel import quota_leases
from channel.batches import gathered
from channel.quota_leases import Leased
from channel.retries import UPKEEP
from chassis import erasures, outbox, waking
from chassis.database import Session, columns, cursor_of, pipelined
from chassis.ids import new_id
from chassis.outbox import OUTBOX
from contracts import lanes
from contracts.vocabulary import Channel, Lane, MessageState
from sms_gateway.domain.networks import network_of
from sms_gateway.domain.ranges import RangeState
from sms_gateway.domain.retrying import give_up_at
from sms_gateway.domain.sends import NewSend, Plan
from sms_gateway.store import account_countries, code_rates, contents, held_ranges, literals, senders
from sms_gateway.store.account_countries import Allowed
from sms_gateway.store.code_rates import CodeRates

_COLUMNS = {
    "send_id": "uuid", "account_id": "uuid", "content_hash": "text", "lane": "text", "text": "text",
    "external_id": "text", "recipients": "int", "stem_id": "uuid", "request_hash": "text", "smpp_account_id": "uuid",
    "smpp": "jsonb", "sender": "text", "content": "jsonb",
}  # fmt: skip
_KEY = list(_COLUMNS).index("request_hash")
_ADD = (
    f"INSERT INTO sends ({', '.join(_COLUMNS)}) SELECT * FROM unnest("
    + ", ".join(f"%s::{kind}[]" for kind in _COLUMNS.values())
    + ")"
)
# The conflict is of the request's key: somebody else with it came first. Said so that an index of keyed rows alone
# serves it as well as that of all (decision 0207).
_ADD_KEYED = f"{_ADD} ON CONFLICT (request_hash) WHERE request_hash IS NOT NULL DO NOTHING"
_ACCEPT = (
    "INSERT INTO ledger (message_id, account_id, address, state, parts)"
    " SELECT u.message_id, u.account_id, u.address, 'accepted', u.parts"
    " FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::int[]) AS u(message_id, account_id, address, parts)"
)
_WAIT = (
    "INSERT INTO retries (message_id, account_id, due_at, attempts, reason, body)"
    " SELECT u.id, u.account_id, u.due_at, 0, u.reason, u.body"
    " FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::text[], %b::bytea[])"
    " AS u(id, account_id, due_at, reason, body)"
)


class Known(NamedTuple):
    """What is to be known of sends before they are stored; the accounts' leases are locked until the transaction ends.

    :ivar active: sender IDs as they were approved, by account and key.
    :ivar countries: of accounts that may not send to all.
    """

    leased: dict[UUID, Leased]
    active: dict[tuple[UUID, str], str]
    countries: Allowed
    ranges: dict[held_ranges.Key, RangeState]
    rates: CodeRates


def known(
    session: Session, account_ids: Collection[UUID], sender_keys: Collection[tuple[UUID, str]], plans: Collection[Plan],
    now: datetime,
) -> Known:  # fmt: skip
    with pipelined(session) as cursor:
        leased = quota_leases.ask_leased(cursor(), account_ids)
        active = senders.ask_active(cursor(), sender_keys)
        countries = account_countries.ask_of_accounts(cursor(), account_ids)
        ranges = held_ranges.ask_decided(cursor(), account_ids, now)
        rates = code_rates.ask_rates(cursor(), plans, now)
    return Known(leased(), active(), countries(), ranges(), rates())


def write(
    session: Session, sends: Sequence[NewSend], names: Sequence[str], *, units: Mapping[UUID, int], now: datetime,
    beside: Sequence[Callable[[Cursor[Any]], object]] = (),
) -> bool:  # fmt: skip
    """Sends, ledger rows `accepted`, their events, and the batches: into the lanes, or into the schedule. False where
    another request with the key of one has come between: then nothing may be committed.

    :param names: of their contents. :param units: of quota, that they spend, by account; in no account's: nothing.
    :param beside: statements that go along, before the others.
    """
    rows = [_row(send, name) for send, name in zip(sends, names, strict=True)]
    keyed, unkeyed = [row for row in rows if row[_KEY] is not None], [row for row in rows if row[_KEY] is None]
    accepted = [
        (send.message_id(number), send.account_id, address, send.plan.parts)
        for send in sends
        for number, address in enumerate(send.plan.addresses, 1)
    ]
    lane_messages = _announcements(sends, now) + _lane_messages(sends, names, now)
    with pipelined(session) as cursor:
        erasures.share_at(cursor())
        for statement in beside:
            statement(cursor())
        if unkeyed:
            cursor().execute(_ADD, literals.nullable_arrays(unkeyed))
        if keyed:
            added = cursor().execute(_ADD_KEYED, literals.nullable_arrays(keyed))
        if units:
            ensure_spent = quota_leases.ask_spent(cursor(), units)
        cursor().execute(_ACCEPT, literals.arrays(accepted, 4))
        outbox.record_lanes_at(cursor(), lane_messages)
    if keyed and added.rowcount < len(keyed):
        return False
    if units:
        ensure_spent()
    _schedule(session, [(send, name) for send, name in zip(sends, names, strict=True) if _waits(send.plan)], now)
    waking.wake(session, OUTBOX)
    return True


def _row(send: NewSend, name: str) -> tuple[Any, ...]:
    plan, partner = send.plan, send.plan.partner
    smpp_account_id, smpp, content = None, None, None
    if partner is not None:
        smpp_account_id, smpp = partner.smpp_account_id, orjson.dumps(partner.as_json()).decode()
    if contents.is_own(name):
        content = orjson.dumps(plan.content).decode()
    return (
        send.id, send.account_id, name, plan.lane, plan.text, plan.external_id, len(plan.addresses),
        send.message_id(0), plan.request_hash, smpp_account_id, smpp, plan.sender, content,
    )  # fmt: skip


def _lane_messages(sends: Sequence[NewSend], names: Sequence[str], now: datetime) -> list[tuple[str, bytes]]:
    batches: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for send, name in zip(sends, names, strict=True):
        plan = send.plan
        if _waits(plan):
            continue
        header = _header(send, name, now)
        # A code says what no other says: its text comes along, so that it is not looked up before it leaves.
        if contents.is_own(name) or plan.lane is Lane.OTP:
            header |= {"sender": plan.sender, "content": plan.content}
        lane, recipients = lanes.channel_lane(Channel.SMS, plan.lane), _recipients(plan)
        for first in range(0, len(recipients), lanes.BATCH_SIZE):
            some = recipients[first : first + lanes.BATCH_SIZE]
            # The first may have the send's own id: it is as new as another, and most sends have one batch.
            batch_id = str(new_id()) if first else send.id
            batches[lane].append({**header, "batch_id": batch_id, "recipients": some})
    return [message for lane, some in batches.items() for message in gathered(lane, some)]


def _recipients(plan: Plan) -> list[dict[str, Any]]:
    only_by = {"carrier_id": str(plan.carrier_id)} if plan.carrier_id is not None else {}
    return [
        {"number": number, "contact_id": None, "address": address, "fields": plan.fields, **only_by}
        for number, address in enumerate(plan.addresses, 1)
    ]


def _header(send: NewSend, name: str, now: datetime) -> dict[str, Any]:
    plan = send.plan
    return {
        "v": 1,
        "account_id": send.account_id,
        "campaign_id": None,
        "send_id": send.id,
        "stem": send.stem,
        "content_hash": name,
        "trace_id": plan.trace_id,
        "accepted_at": (plan.schedule_at or now).timestamp(),
    }


def _announcements(sends: Sequence[NewSend], now: datetime) -> list[tuple[str, bytes]]:
    """`accepted` events of all messages, as lane messages."""
    at = now.timestamp()
    events = [
        {
            "message_id": send.message_id(number),
            "account_id": send.account_id,
            "at": at,
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
                "test_of": plan.test_of,
                "webhook_url": plan.webhook_url,
            },
        }
        for send in sends
        for plan in (send.plan,)
        for number, address in enumerate(plan.addresses, 1)
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


def _waits(plan: Plan) -> bool:
    return plan.schedule_at is not None or plan.held is not None


def _schedule(session: Session, sends: Sequence[tuple[NewSend, str]], now: datetime) -> None:
    """What is held waits until it is of no use any more: then it expires, as whatever comes too late."""
    rows = [row for send, name in sends for row in _scheduled(send, name, now)]
    if rows:
        cursor_of(session).execute(_WAIT, columns(rows, 5))
        waking.wake(session, UPKEEP)


def _scheduled(send: NewSend, name: str, now: datetime) -> list[tuple[Any, ...]]:
    """A row of the schedule for each of its messages."""
    plan, header = send.plan, _header(send, name, now)
    due_at = plan.schedule_at
    if plan.held is not None:
        due_at = give_up_at(now, plan.lane, plan.content.get("validity_minutes")) + timedelta(seconds=1)
    return [
        (
            message_id, plan.account_id, due_at, plan.held,
            orjson.dumps({**header, "batch_id": str(new_id()), "lane": plan.lane, "recipients": [recipient]}),
        )
        for message_id, recipient in zip(send.message_ids(), _recipients(plan), strict=True)
    ]  # fmt: skip
