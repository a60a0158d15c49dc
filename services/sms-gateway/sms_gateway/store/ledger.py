"""The ledger of SMS, as `channel.settlement` writes it, with parts and unknown messages beside it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import Cursor

from channel.batches import Header, Recipient
from channel.lane_outbox import LaneMessage
from channel.outlets import Chunk
from channel.ports import Event
from contracts.vocabulary import Channel, MessageState
from sms_gateway.batches import Arrived, ArrivedInbound, ArrivedUnread, SmsMessage
from sms_gateway.domain.networks import network_of
from sms_gateway.store import (
    answers,
    conversations,
    last_messages,
    overdue,
    parts,
    receipts,
    short_links,
    smpp_deliveries,
    stops,
    unknown_messages,
    unread_deliveries,
)
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

    def row(self, message: SmsMessage) -> tuple[Any, ...]:
        header, recipient = message.header, message.recipient
        moment = datetime.fromtimestamp(message.at, UTC)
        return (
            message.message_id, header.account_id, header.campaign_id, recipient.get("contact_id") or None,
            message.outlet.id if message.outlet else None, _single_id(message), recipient["address"],
            message.state, message.code, message.parts, moment, moment if message.state in FINAL else None,
        )  # fmt: skip

    def line(self, message: SmsMessage) -> str:
        header, recipient = message.chunk.batch.header, message.recipient
        stamp = _stamp(message.at)
        identifier = _single_id(message)
        return (
            f"{message.message_id}\t{header.account_id}\t{header.campaign_id or NULL}\t"
            f"{recipient.get('contact_id') or NULL}\t"
            f"{message.outlet or NULL}\t{identifier.translate(ESCAPES) if identifier else NULL}\t"
            f"{recipient['address'].translate(ESCAPES)}\t{message.state}\t{message.code or NULL}\t{message.parts}\t"
            f"{stamp}\t{stamp if message.state in FINAL else NULL}\n"
        )

    def write_beside(self, cursor: Cursor[Any], messages: Sequence[SmsMessage]) -> None:
        """The parts of long messages, who can be found again by the number alone, what the sweep has passed, and what
        may be answered."""
        parts.write(cursor, messages)
        overdue.watch(cursor, messages)
        last_messages.remember(cursor, messages)
        conversations.remember(cursor, [message for message in messages if message.state in last_messages.HANDED_OVER])
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
        if (network := network_of(recipient["address"])) is not None:
            event["domain"] = network
        return event

    def note_claims(self, cursor: Cursor[Any], instance_id: UUID, chunks: Sequence[Chunk]) -> list[LaneMessage]:
        return short_links.note_claims(cursor, instance_id, chunks)

    def leave_answer_out(self, message: SmsMessage) -> None:
        message.carrier_ids = None

    def refused(self, cursor: Cursor[Any], chunks: Sequence[Chunk]) -> Collection[str]:
        return stops.among(cursor, chunks)

    def apply_receipts(
        self, cursor: Cursor[Any], arrived: Sequence[Arrived | ArrivedInbound | ArrivedUnread], now: datetime
    ) -> list[Event]:
        unread_deliveries.write(cursor, [each for each in arrived if isinstance(each, ArrivedUnread)])
        events = answers.take(cursor, [each for each in arrived if isinstance(each, ArrivedInbound)])
        return events + receipts.apply(cursor, [each for each in arrived if isinstance(each, Arrived)], now)

    def tell_beside(self, cursor: Cursor[Any], events: Sequence[Event]) -> None:
        smpp_deliveries.add_receipts(cursor, events)


_last_stamp: tuple[float, str] = (0.0, "")


def _stamp(moment: float) -> str:
    # All answers of one read of a socket share their moment, so the last stamp fits again and again.
    global _last_stamp
    if _last_stamp[0] != moment:
        _last_stamp = (moment, datetime.fromtimestamp(moment, UTC).isoformat())
    return _last_stamp[1]


def _single_id(message: SmsMessage) -> str | None:
    """The carrier's id of a message that one submit_sm carried; those of parts stand in `ledger_parts`."""
    return message.carrier_ids[0] or None if message.carrier_ids and message.travelling == 1 else None
