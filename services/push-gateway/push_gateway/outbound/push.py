"""What is push's own about sending: devices of a recipient, providers, and for how long a message is of use."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from channel import kept_contents, plain
from channel.defaults import LAST_WAIT, OutboundDefaults
from channel.outlets import Chunk, Message
from channel.ports import CommonLoop, CommonUpkeep
from chassis.database import Database, Session
from contracts.push_gateway.addresses import PUSH_ADDRESS
from contracts.vocabulary import Channel, MessageState
from push_gateway.batches import PushMessage, StoredContent
from push_gateway.content.payloads import DEFAULT_TTL
from push_gateway.outbound.outlet import PushOutlet
from push_gateway.store import devices
from push_gateway.store.ledger import PushLedger

SHORTEST = timedelta(minutes=5)  # that even a message for now or never is tried: providers are away for moments
SWEEP_EVERY = timedelta(minutes=1)
UNSEEN = timedelta(days=90)  # applications register at every start; a device that is nobody's goes after so long


class PushOutbound(OutboundDefaults):
    """`channel.ports.Outbound` of push. :param first_wait: of the retry schedule; doubled each time."""

    channel = Channel.PUSH
    ledger = PushLedger()

    def __init__(self, database: Database, outlet: PushOutlet, *, first_wait: timedelta) -> None:
        self._database = database
        self._swept_at: datetime | None = None
        self.outlet: PushOutlet = outlet
        self._first_wait = first_wait

    def attach(self, loop: CommonLoop, upkeep: CommonUpkeep) -> None:
        super().attach(loop, upkeep)
        self.outlet.events = loop

    async def start_up(self) -> None:
        self.loop.spawn(self.outlet.run(self.loop.spawn))

    def steps(self) -> Sequence[Callable[[], object]]:
        return (self._sweep,)

    def _sweep(self) -> None:
        """On the upkeep's thread: a turn's worth of texts that are over, and of devices that nobody hears of."""
        now = datetime.now(UTC)
        if self._swept_at is not None and now - self._swept_at < SWEEP_EVERY:
            return
        with self._database.transaction() as session:
            texts = kept_contents.sweep(session, now)
        with self._database.transaction() as session:
            pruned = devices.prune(session, now - UNSEEN)
        is_more = texts == kept_contents.SWEPT_AT_ONCE or pruned == devices.PRUNED_AT_ONCE
        self._swept_at = None if is_more else now

    def load_content(self, session: Session, content_hash: str) -> StoredContent | None:
        row = plain.content(session, content_hash)
        return row and StoredContent(row.account_id, row.sender, row.content)

    def is_address(self, address: str) -> bool:
        return PUSH_ADDRESS.match(address) is not None

    def message(
        self, chunk: Chunk, recipient: dict[str, Any], message_id: str, existing: bool, attempts: int
    ) -> PushMessage:
        return PushMessage(chunk, recipient, message_id, existing, attempts)

    def schedule(self, message: Message, now: datetime) -> None:
        """As long as the provider would keep it for a device that is away, and then it has expired.

        A provider's own wait is kept to, and spread: those that it sent away together do not come back together.
        """
        wait = min(self._first_wait * (1 << min(message.attempts, 10)), LAST_WAIT)
        asked = getattr(message, "wait", None)
        if asked is not None:
            wait = timedelta(seconds=asked) + wait * random.random()
        message.due_at = now + wait
        content = message.chunk.batch.content
        ttl = content.template.content.get("ttl_seconds")
        lives = max(timedelta(seconds=DEFAULT_TTL if ttl is None else ttl), SHORTEST)
        if message.due_at - datetime.fromtimestamp(message.header.accepted_at, UTC) > lives:
            message.state, message.due_at = MessageState.EXPIRED, None
