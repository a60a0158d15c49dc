"""What most channels would say alike of sending: a channel inherits it and overrides what it does differently."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Cursor

from channel.batches import Batch, Content, Header, Recipient
from channel.lane_outbox import LaneMessage
from channel.old_days import KEPT_DAYS
from channel.outlets import Chunk, Message, Outlet
from channel.ports import CommonLoop, CommonUpkeep, Event
from contracts.channel import CHANNELS
from contracts.vocabulary import ERASED_ADDRESS, Channel, Lane, MessageState

PREFETCH = 10  # lane messages in hand, of each lane
FIRST_WAIT, LAST_WAIT = timedelta(seconds=4), timedelta(minutes=10)
NO_OUTLET = "no_outlet"
# PostgreSQL's COPY, text format: what a value may not hold as it is.
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def event_of(message: Message, channel: Channel) -> Event:
    """The delivery event of a message's outcome, with what every channel tells."""
    header, recipient = message.header, message.recipient
    event = {
        "message_id": message.message_id,
        "account_id": header.account_id,
        "at": message.at,
        "kind": message.state,
        "channel": channel,
        "campaign_id": header.campaign_id,
        "contact_id": recipient.get("contact_id"),
        "address": recipient["address"],
        "sender": message.chunk.batch.content.sender,
        "parts": 1,
    }
    return {**event, "code": message.code} if message.code else event


def copy_line(values: Sequence[Any]) -> str:
    """A row as a line of COPY's text format."""
    return "\t".join("\\N" if value is None else _shown(value).translate(_ESCAPES) for value in values) + "\n"


def _shown(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


class PlainLedger:
    """`channel.ports.Ledger` of a channel whose peer answers at once: the columns that every ledger has, and no more.

    A channel with columns of its own extends `columns`, `updated`, `kept`, `personal` and `row`, and what else differs.

    :param source: the service, as delivery events name it.
    """

    columns: Sequence[tuple[str, str]] = (
        ("message_id", "uuid"),
        ("account_id", "uuid"),
        ("campaign_id", "uuid"),
        ("contact_id", "uuid"),
        ("address", "text"),
        ("state", "text"),
        ("code", "text"),
        ("updated_at", "timestamptz"),
    )
    updated: Sequence[str] = ("contact_id", "address", "state", "code", "updated_at")
    kept: Sequence[str] = ()
    personal: Sequence[str] = ("contact_id", "address")

    def __init__(self, source: str, channel: Channel) -> None:
        self.source = source
        self._channel = channel

    def row(self, message: Any) -> Sequence[Any]:
        header, recipient = message.header, message.recipient
        return (
            message.message_id, header.account_id, header.campaign_id, recipient.get("contact_id") or None,
            recipient["address"], message.state, message.code, datetime.fromtimestamp(message.at, UTC),
        )  # fmt: skip

    def line(self, message: Any) -> str:
        """A channel of millions of messages an hour writes its own, at a fraction of the cost."""
        return copy_line(self.row(message))

    def write_beside(self, cursor: Cursor[Any], messages: Sequence[Any]) -> None:
        pass

    def owner_id(self, header: Header, recipient: Recipient) -> str:
        return header.account_id

    def event(self, message: Any) -> Event | None:
        return event_of(message, self._channel)

    def note_claims(self, cursor: Cursor[Any], instance_id: UUID, chunks: Sequence[Chunk]) -> Sequence[LaneMessage]:
        return ()

    def leave_answer_out(self, message: Any) -> None:
        pass

    def refused(self, cursor: Cursor[Any], chunks: Sequence[Chunk]) -> Collection[str]:
        return ()

    def apply_receipts(self, cursor: Cursor[Any], receipts: Sequence[Any], now: datetime) -> Sequence[Event]:
        return ()

    def tell_beside(self, cursor: Cursor[Any], events: Sequence[Event]) -> None:
        return None


class OutboundDefaults:
    """`channel.ports.Outbound` of a channel with one outlet, one ledger table, and plain messages composed by it.

    A channel gives `channel`, `ledger`, `outlet`, `load_content` and `is_address`, and overrides what differs. `loop`
    and `upkeep` are there from `attach` on.
    """

    channel: Channel
    outlet: Outlet
    composes_ahead = False
    partitioned: Sequence[str] = ("ledger",)
    kept_days = KEPT_DAYS
    put_off: Sequence[str] = ()
    loop: CommonLoop
    upkeep: CommonUpkeep

    @property
    def prefetch(self) -> Mapping[Lane, int]:
        return dict.fromkeys(CHANNELS[self.channel].lanes, PREFETCH)

    def own_content(self, _header: Header) -> Content | None:
        return None  # they are all stored beforehand

    def attach(self, loop: CommonLoop, upkeep: CommonUpkeep) -> None:
        self.loop, self.upkeep = loop, upkeep

    def steps(self) -> Sequence[Callable[[], object]]:
        return ()

    async def start_up(self) -> None:
        pass

    def outlets(self) -> Sequence[Outlet]:
        return (self.outlet,)

    def route(self, batch: Batch, recipients: list[Recipient]) -> list[tuple[Outlet | None, list[Recipient]]]:
        return [(self.outlet if self.outlet.is_up else None, recipients)]

    async def compose_ahead(self, chunk: Chunk) -> None:
        raise NotImplementedError  # `composes_ahead` says that it is not asked for.

    def is_address(self, address: str) -> bool:
        """Whether the channel could deliver to it."""
        raise NotImplementedError

    def compose(self, chunk: Chunk, recipients: list[Recipient], outlet: Outlet | None) -> Sequence[Any]:
        of, existing, attempts = chunk.batch.header.id_of, chunk.existing, chunk.attempts
        now, messages = time.time(), []
        for recipient in recipients:
            number, address = recipient["number"], recipient["address"]
            message = self.message(chunk, recipient, of(number), number in existing, attempts.get(number, 0))
            messages.append(message)
            if not self.is_address(address):
                message.at = now
                message.end_refused("address.erased" if address == ERASED_ADDRESS else "address.invalid")
            elif outlet is None:
                message.state, message.code, message.at = MessageState.DEFERRED, NO_OUTLET, now
        return messages

    def message(self, chunk: Chunk, recipient: Recipient, message_id: str, existing: bool, attempts: int) -> Any:
        return Message(chunk, recipient, message_id, existing, attempts)

    def restore(
        self, chunk: Chunk, recipient: Recipient, message_id: str, existing: bool, outlet_id: str | None
    ) -> Any:
        return self.message(chunk, recipient, message_id, existing, 1)

    def schedule(self, message: Message, now: datetime) -> None:
        """Wait twice as long each time; a channel's own rule says when a message is of no use any more."""
        message.due_at = now + min(FIRST_WAIT * (1 << min(message.attempts, 10)), LAST_WAIT)
