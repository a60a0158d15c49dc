"""The ledger of SMS, as `channel.settlement` writes it, with parts and unknown messages beside it."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import Cursor

from channel import stop_sayers
from channel.batches import UNANSWERED_AT, Header, Recipient
from channel.lane_outbox import LaneMessage
from channel.outlets import NOT_STORED, Chunk
from channel.ports import Event
from contracts.vocabulary import Channel, MessageState
from sms_gateway.batches import TOO_LATE, Arrived, ArrivedInbound, ArrivedUnread, SmsMessage
from sms_gateway.store import (
    answers,
    conversations,
    last_messages,
    overdue,
    parts,
    prices,
    receipts,
    short_links,
    smpp_deliveries,
    traffic,
    unknown_messages,
    unread_deliveries,
)
from sms_gateway.store.last_messages import HANDED_OVER
from sms_gateway.store.literals import ESCAPES, NULL

FINAL = frozenset({MessageState.DELIVERED, MessageState.UNDELIVERED, MessageState.EXPIRED, MessageState.REJECTED})


class SmsLedger:
    """`channel.ports.Ledger` of SMS."""

    source = "sms_gateway"
    columns = (
        ("message_id", "uuid"),
        ("account_id", "uuid"),
        ("campaign_id", "uuid"),
        ("contact_id", "uuid"),
        ("carrier_id", "uuid"),
        ("carrier_message_id", "text"),
        ("address", "text"),
        ("state", "text"),
        ("code", "text"),
        ("parts", "smallint"),
        ("submitted_at", "timestamptz"),
        ("final_at", "timestamptz"),
    )
    updated = (
        "carrier_id", "carrier_message_id", "state", "code", "parts", "submitted_at", "final_at", "address",
        "contact_id",
    )  # fmt: skip
    # A sweeper does not know by which carrier a retry left; a receipt finds the message by the one before.
    kept = ("carrier_id",)
    personal = ("contact_id", "address")

    def __init__(self) -> None:
        self._prices = prices.PriceBook()
        self._shard = random.randrange(1 << 15)

    def row(self, message: SmsMessage) -> tuple[Any, ...]:
        header, recipient = message.header, message.recipient
        moment = datetime.fromtimestamp(message.at, UTC)
        submitted_at = datetime.fromtimestamp(_submitted_at(message), UTC)
        return (
            message.message_id, header.account_id, header.campaign_id, recipient.get("contact_id") or None,
            message.holder.id if message.holder else None, _single_id(message), recipient["address"],
            message.state, message.code, message.parts, submitted_at, moment if message.state in FINAL else None,
        )  # fmt: skip

    def line(self, message: SmsMessage) -> str:
        header, recipient = message.chunk.batch.header, message.recipient
        submitted_at, stamp = _stamp(_submitted_at(message)), _stamp(message.at)
        identifier = _single_id(message)
        return (
            f"{message.message_id}\t{header.account_id}\t{header.campaign_id or NULL}\t"
            f"{recipient.get('contact_id') or NULL}\t"
            f"{message.holder or NULL}\t{identifier.translate(ESCAPES) if identifier else NULL}\t"
            f"{recipient['address'].translate(ESCAPES)}\t{message.state}\t{message.code or NULL}\t{message.parts}\t"
            f"{submitted_at}\t{stamp if message.state in FINAL else NULL}\n"
        )

    def write_beside(self, cursor: Cursor[Any], messages: Sequence[SmsMessage]) -> None:
        """The parts of long messages, who can be found again by the number alone, what the sweep has passed, and what
        may be answered."""
        parts.write(cursor, messages)
        known = self._prices.know(cursor, {message.chunk.batch.header.account_id for message in messages})
        traffic.write(cursor, messages, known, self._shard)
        overdue.watch(cursor, messages)
        last_messages.remember(cursor, messages)
        conversations.remember(cursor, [message for message in messages if message.state in HANDED_OVER])
        unknown_messages.remember(cursor, [message for message in messages if message.state is MessageState.UNKNOWN])

    def owner_id(self, header: Header, recipient: Recipient) -> str:
        return header.account_id

    def event(self, message: SmsMessage) -> Event:
        header, recipient = message.chunk.batch.header, message.recipient
        event = {
            "message_id": message.message_id,
            "account_id": header.account_id,
            "at": message.at,
            "kind": message.state,
            "channel": Channel.SMS,
            "campaign_id": header.campaign_id,
            "contact_id": recipient.get("contact_id"),
            "address": recipient["address"],
            "sender": message.chunk.batch.content.sender,
            "parts": message.parts,
        }
        if message.code:
            event["code"] = message.code
        peer = message.holder if message.outlet is None else message.outlet
        if peer is not None and peer.name:
            event["peer"] = peer.name
        if message.state is MessageState.UNKNOWN and message.unanswered and message.code not in (None, NOT_STORED):
            event["detail"] = _tries(message)
        place = message.place
        if place is not None and "." in place:  # a network; a country alone is none
            event["domain"] = place
        if message.cost is not None:
            event["cost"] = message.cost
        return event

    def note_claims(self, cursor: Cursor[Any], instance_id: UUID, chunks: Sequence[Chunk]) -> list[LaneMessage]:
        return short_links.note_claims(cursor, instance_id, chunks)

    def leave_answer_out(self, message: SmsMessage) -> None:
        message.carrier_ids = None

    def refused(self, cursor: Cursor[Any], chunks: Sequence[Chunk]) -> Collection[str]:
        return stop_sayers.among(cursor, chunks)

    def apply_receipts(
        self, cursor: Cursor[Any], arrived: Sequence[Arrived | ArrivedInbound | ArrivedUnread], now: datetime
    ) -> list[Event]:
        unread_deliveries.write(cursor, [each for each in arrived if isinstance(each, ArrivedUnread)])
        events = answers.take(cursor, [each for each in arrived if isinstance(each, ArrivedInbound)])
        return events + receipts.apply(cursor, [each for each in arrived if isinstance(each, Arrived)], now)

    def tell_beside(self, cursor: Cursor[Any], events: Sequence[Event]) -> None:
        smpp_deliveries.add_receipts(cursor, events)


def _tries(message: SmsMessage) -> str:
    """Who may have it, and what came after. Only what a carrier was handed can have been refused by one."""
    silent = message.holder.name if message.holder else ""
    if message.outlet is not None:
        after = f"{message.outlet.name or 'another'} refused it: {message.code}"
    else:
        after = "too late to try again" if message.code == TOO_LATE else f"not tried again: {message.code}"
    return f"{silent or 'a carrier'} did not answer; {after}"


_last_stamp: tuple[float, str] = (0.0, "")


def _stamp(moment: float) -> str:
    # All answers of one read of a socket share their moment, so the last stamp fits again and again.
    global _last_stamp
    if _last_stamp[0] != moment:
        _last_stamp = (moment, datetime.fromtimestamp(moment, UTC).isoformat())
    return _last_stamp[1]


def _submitted_at(message: SmsMessage) -> float:
    """Of one that waits, and has left before without an answer, that moment: if it is taken back, the receipt finds it
    by that (`store.unknown_messages`)."""
    if message.state is MessageState.DEFERRED:
        return float(message.recipient.get(UNANSWERED_AT) or message.at)
    return message.at


def _single_id(message: SmsMessage) -> str | None:
    """The carrier's id of a message that one submit_sm carried; those of parts stand in `ledger_parts`."""
    return message.carrier_ids[0] or None if message.carrier_ids and message.travelling == 1 else None
