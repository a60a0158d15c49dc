"""What channels over a provider's API do alike in their outbound process, beside what every channel does."""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from psycopg import Cursor

from channel import kept_contents, plain
from channel.defaults import LAST_WAIT, OutboundDefaults
from channel.kept_contents import SWEPT_AT_ONCE
from channel.outlets import Chunk, Message
from channel.ports import CommonLoop, CommonUpkeep, Event
from channel.providers.outlet import ProviderOutlet
from channel.providers.reports import Reports
from chassis.database import Database, Session, cursor_of
from contracts.vocabulary import MessageState

Compiled = TypeVar("Compiled")
DAY = timedelta(days=1)
SWEEP_EVERY = timedelta(minutes=1)

Take = Callable[[Cursor[Any]], Sequence[Any]]
Apply = Callable[[Cursor[Any], Sequence[Any], datetime], Sequence[Event]]
Sweep = Callable[[Session, datetime], int]
"""Deletes up to `SWEPT_AT_ONCE` rows of what is over at that moment; how many went."""


class TemplateContent(Generic[Compiled]):
    """`channel.batches.Content`: an account's content, compiled, and the name of the sender that it is from."""

    def __init__(self, account_id: str, sender: str, template: Compiled) -> None:
        self.account_id, self.sender, self.template = account_id, sender, template


class ProviderOutbound(OutboundDefaults):
    """`channel.ports.Outbound` of such a channel: it gives `template`, `make_message`, and what differs.

    :ivar template: compiles what was stored of a content; raises `RenderFailed` where that fails.
    :ivar make_message: makes a message, as `OutboundDefaults.message` says.
    :ivar parked: how reports that came before their message was written down are taken, those that are due again, and
        applied, as `apply_receipts` of the ledger does; None: there are none.
    :param told: what the provider reports; None: nothing.
    :param first_wait: of the retry schedule; doubled each time.
    """

    outlet: ProviderOutlet
    template: Callable[[Any], Any]
    make_message: Callable[..., Any]
    parked: tuple[Take, Apply] | None = None

    def __init__(
        self, database: Database, outlet: ProviderOutlet, *, first_wait: timedelta, told: Reports | None = None
    ) -> None:
        self.database, self.outlet = database, outlet
        self._first_wait, self._told = first_wait, told
        self._swept_at: datetime | None = None

    # --- what a channel may add

    def beside(self) -> Sequence[Coroutine[Any, Any, None]]:
        """What runs on the loop until the process ends."""
        return ()

    def sweeps(self) -> Sequence[Sweep]:
        """What is deleted beside the texts of single messages."""
        return ()

    def lives(self, message: Message) -> timedelta:
        """For how long it is tried, from when it was accepted."""
        return DAY

    # --- what the loop asks

    def attach(self, loop: CommonLoop, upkeep: CommonUpkeep) -> None:
        super().attach(loop, upkeep)
        self.outlet.events = loop

    async def start_up(self) -> None:
        self.loop.spawn(self.outlet.run(self.loop.spawn))
        for work in self.beside():
            self.loop.spawn(work)
        if self._told is not None:
            self._told.start(self.loop)

    def load_content(self, session: Session, content_hash: str) -> TemplateContent[Any] | None:
        row = plain.content(session, content_hash)
        return row and TemplateContent(str(row.account_id), row.sender, type(self).template(row.content))

    def message(self, chunk: Chunk, recipient: dict[str, Any], message_id: str, existing: bool, attempts: int) -> Any:
        return type(self).make_message(chunk, recipient, message_id, existing, attempts)

    def schedule(self, message: Message, now: datetime) -> None:
        """Until its time is over, and then it has expired."""
        message.due_at = now + self.wait_of(message)
        if message.due_at - datetime.fromtimestamp(message.header.accepted_at, UTC) > self.lives(message):
            message.state, message.due_at = MessageState.EXPIRED, None

    def wait_of(self, message: Message) -> timedelta:
        """A provider's own wait is kept to, and spread: those that it sent away together do not come back together."""
        wait = min(self._first_wait * (1 << min(message.attempts, 10)), LAST_WAIT)
        asked = getattr(message, "wait", None)
        return wait if asked is None else timedelta(seconds=asked) + wait * random.random()

    # --- on the upkeep's thread

    def steps(self) -> Sequence[Callable[[], object]]:
        return (self.sweep,) if self.parked is None else (self._look_again, self.sweep)

    def sweep(self) -> None:
        """A turn's worth of what is over, each kind in a transaction of its own; each minute, or at once if more is."""
        now = datetime.now(UTC)
        if self._swept_at is not None and now - self._swept_at < SWEEP_EVERY:
            return
        is_more = False
        for sweep in (kept_contents.sweep, *self.sweeps()):
            with self.database.transaction() as session:
                is_more |= sweep(session, now) >= SWEPT_AT_ONCE
        self._swept_at = None if is_more else now

    def _look_again(self) -> None:
        assert self.parked is not None
        take, apply = self.parked
        with self.database.transaction() as session:
            cursor = cursor_of(session)
            parked = take(cursor)
            recorded = self.upkeep.record(cursor, apply(cursor, parked, datetime.now(UTC))) if parked else []
        self.upkeep.publish(recorded)
