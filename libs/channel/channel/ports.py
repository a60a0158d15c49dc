"""What a channel gives to the common outbound process: its content, its outlets, its ledger and its rules."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from psycopg import Cursor
from sqlalchemy.orm import Session

from channel.batches import Batch, Content, Header, Recipient
from channel.lane_outbox import LaneMessage
from channel.outlets import Chunk, Message, Outlet, OutletEvents
from contracts import vocabulary
from contracts.vocabulary import Lane

Event = dict[str, Any]


class Ledger(Protocol):
    """A channel's ledger table, and what is written beside it in the same transaction."""

    @property
    def source(self) -> str:
        """The service, as delivery events name it."""

    @property
    def columns(self) -> Sequence[tuple[str, str]]:
        """Name and SQL type of each column that an outcome has; the first is `message_id`."""

    @property
    def updated(self) -> Sequence[str]:
        """The columns that a later outcome of the same message overwrites."""

    @property
    def kept(self) -> Sequence[str]:
        """Those of them that it leaves as they are where it has no value of its own."""

    @property
    def personal(self) -> Sequence[str]:
        """Those of them that name the person: once the address is erased, nothing is written there again."""

    def row(self, message: Any) -> Sequence[Any]:
        """The message's values, in the order of `columns`."""

    def line(self, message: Any) -> str:
        """The same as a line of COPY's text format: the hot path."""

    def write_beside(self, cursor: Cursor[Any], messages: Sequence[Any]) -> None:
        """What the channel keeps besides: parts, unknown messages, refusals."""

    def owner_id(self, header: Header, recipient: Recipient) -> str:
        """The account that may erase the recipient: the header's, unless another one sends in its place."""

    def event(self, message: Any) -> Event | None:
        """The delivery event of the outcome, with everything that never changes; None where nobody is to know."""

    def note_claims(self, cursor: Cursor[Any], instance_id: UUID, chunks: Sequence[Chunk]) -> Sequence[LaneMessage]:
        """Chunks are being claimed in the caller's transaction: what the channel must have written down before they
        leave. Returns the lane messages that it has recorded for others (`lane_outbox.record_body`)."""

    def leave_answer_out(self, message: Any) -> None:
        """Forget what the peer said of the message: the database refuses it."""

    def refused(self, cursor: Cursor[Any], chunks: Sequence[Chunk]) -> Collection[str]:
        """Ids of those messages of campaigns' chunks whose recipients have told the channel itself, after the campaign
        began, that they want nothing more. A channel that nobody can answer returns ()."""

    def apply_receipts(self, cursor: Cursor[Any], receipts: Sequence[Any], now: datetime) -> Sequence[Event]:
        """Late news of messages: into the ledger; returns the delivery events. A channel without them returns ()."""

    def tell_beside(self, cursor: Cursor[Any], events: Sequence[Event]) -> None:
        """Write down, in the transaction that records delivery events, whom else the channel tells of them."""


class CommonLoop(OutletEvents, Protocol):
    """What a channel asks of the loop: what its outlets tell, and more."""

    @property
    def is_stopping(self) -> bool:
        """The process ends: nothing is handed over any more."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run it on the loop's thread; a failure is logged."""

    async def retire(self, outlet: Outlet, patience: float = ...) -> None:
        """End an outlet that is not to be used any more: what waits for it goes elsewhere."""


class CommonUpkeep(Protocol):
    """What a channel asks of the upkeep."""

    def wake(self) -> None:
        """Do what is due now."""

    def record(self, cursor: Cursor[Any], events: Sequence[Event]) -> list[LaneMessage]:
        """Record delivery events in the caller's transaction; `publish` them after it."""

    def publish(self, recorded: Sequence[LaneMessage]) -> None:
        """Publish lane messages that are recorded and committed."""


class Outbound(Protocol):
    """What is the channel's own about sending. All of it runs on the loop's thread where nothing else is said."""

    @property
    def channel(self) -> vocabulary.Channel: ...

    @property
    def ledger(self) -> Ledger: ...

    @property
    def prefetch(self) -> Mapping[Lane, int]:
        """How many lane messages may be in hand, by lane, in the order in which the lanes are served."""

    @property
    def partitioned(self) -> Sequence[str]:
        """The tables that have a partition a day: the ledger, then what it has beside it."""

    @property
    def kept_days(self) -> int:
        """How many days these are kept at least: as long as anybody hears or asks of a message (`channel.old_days`)."""

    @property
    def put_off(self) -> Sequence[str]:
        """The channel's own tables of what waits; while they are empty, the upkeep may rest."""

    def attach(self, loop: CommonLoop, upkeep: CommonUpkeep) -> None:
        """The common parts that outcomes and events are told to; called once, before all else."""

    def steps(self) -> Sequence[Callable[[], object]]:
        """What is due now and then besides; on the upkeep's thread."""

    async def start_up(self) -> None:
        """Before the first batch is taken."""

    def load_content(self, session: Session, content_hash: str) -> Content | None:
        """The content, compiled; on a database thread. :raises ValueError: it is stored and cannot be compiled."""

    def own_content(self, header: Header) -> Content | None:
        """The content that came with a batch, compiled; None of almost all.

        :raises ValueError: it cannot be compiled.
        """

    def outlets(self) -> Sequence[Outlet]:
        """All that there are now."""

    def route(self, batch: Batch, recipients: list[Recipient]) -> list[tuple[Outlet | None, list[Recipient]]]:
        """Recipients by the outlet that they leave by; None where none that may take them is up."""

    @property
    def composes_ahead(self) -> bool:
        """Whether composing takes so long that it is done before a chunk is claimed, by `compose_ahead`."""

    async def compose_ahead(self, chunk: Chunk) -> None:
        """Set `chunk.composed`."""

    def compose(self, chunk: Chunk, recipients: list[Recipient], outlet: Outlet | None) -> Sequence[Any]:
        """The claimed recipients as messages; those that cannot be sent (now) have their state."""

    def message(self, chunk: Chunk, recipient: Recipient, message_id: str, existing: bool, attempts: int) -> Any:
        """A message of the channel's own kind."""

    def restore(
        self, chunk: Chunk, recipient: Recipient, message_id: str, existing: bool, outlet_id: str | None
    ) -> Any:
        """A message that a dead instance had claimed, with what its content tells of it.

        :param outlet_id: of the outlet that the dead instance had chosen.
        """

    def schedule(self, message: Message, now: datetime) -> None:
        """A deferred message gets its `due_at`, or another state where its time is over."""
