"""The loop of an outbound process: lane batches in, claimed chunks to their outlets, outcomes to the ledger."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from channel import left_out, traces
from channel.batches import UNREADABLE, Batch, Content, Header, Recipient, SharedDelivery, UnknownContent, read_batches
from channel.claims import Taken
from channel.contents import Contents
from channel.lane_publisher import LanePublisher
from channel.ledger_thread import LedgerThread
from channel.ledger_work import Acknowledgement, Outcome
from channel.outlets import CHUNK, Chunk, Message, Outlet, chunked
from channel.ports import Outbound
from channel.stops import Stops
from channel.turns import Turns
from chassis.bus_messages import Delivery
from chassis.logs import get_logger
from contracts.vocabulary import CampaignState, Lane, MessageState

# More lane messages than this on their way to the broker, or outcomes on their way to disk: claim nothing new.
MOST_UNPUBLISHED = 400
MOST_UNCOMMITTED = 20_000
CLAIMED_ELSEWHERE_AGAIN_SECONDS = 1.0
UNKNOWN_CONTENT = "content.unknown"

log = get_logger()


class Loop:
    """Everything here runs on the loop, but for `on_committed`, which comes from the ledger's threads.

    :param load_content: a content by its hash, on a thread: None where there is none.
    """

    def __init__(self, outbound: Outbound, load_content: Callable[[str], Content | None]) -> None:
        self._outbound = outbound
        self._contents = Contents(load_content, outbound.own_content)
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stops = Stops()
        self._turns = Turns(self._loop)
        self._uncommitted = 0
        self.is_stopping = False
        self.ledger: LedgerThread
        # A code leaves once its claim is on disk: it does not wait for a campaign's thousands to be written.
        self.claims_at_once: LedgerThread
        self.publisher: LanePublisher

    # --- batches from the lanes

    def on_delivery(self, lane: Lane, delivery: Delivery) -> None:
        """A batch, or several: route the recipients and line them up for claiming; a campaign's when it is its turn."""
        if lane is Lane.BULK:
            self._turns.add(partial(self._read, lane, delivery))
        else:
            self._read(lane, delivery)

    def _read(self, lane: Lane, delivery: Delivery) -> None:
        if self.is_stopping:
            return  # not acknowledged: it goes back to its lane when the connection closes
        try:
            batches = read_batches(delivery.body, lane)
        except UNREADABLE as error:
            batches = [error]
        shared = delivery if len(batches) == 1 else SharedDelivery(delivery, len(batches))
        traces.batches_taken([(batch[0], len(batch[1])) for batch in batches if not isinstance(batch, Exception)])
        for batch in batches:
            if isinstance(batch, Exception):
                log.error("batch_unreadable", lane=lane, error=type(batch).__name__)
                shared.nack(requeue=False)
                continue
            header, recipients = batch
            content = self._contents.in_hand(header)
            if content is None:
                self.spawn(self._with_content(header, recipients, shared))
            else:
                self._accept(Batch(header, content, len(recipients), shared), recipients)

    async def _with_content(
        self, header: Header, recipients: list[Recipient], delivery: Delivery | SharedDelivery
    ) -> None:
        self._accept(Batch(header, await self._contents.of(header), len(recipients), delivery), recipients)

    def _accept(self, batch: Batch, recipients: list[Recipient]) -> None:
        if not recipients:
            batch.unsettled = 0
            self.ledger.count_elsewhere(batch, [])
            return
        self.place(batch, recipients)

    def place(self, batch: Batch, recipients: list[Recipient]) -> None:
        """Chunks to the outlets that the channel's routes choose."""
        is_unknown = isinstance(batch.content, UnknownContent)
        routed = [(None, recipients)] if is_unknown else self._outbound.route(batch, recipients)
        for outlet, group in routed:
            for some in chunked(group, outlet.chunk if outlet else CHUNK):
                self._line_up(Chunk(batch, outlet, some))
            if outlet is not None:
                self.wants_claims(outlet)

    def _line_up(self, chunk: Chunk) -> None:
        if chunk.outlet is None or self.is_stopped(chunk.batch.header):
            self._claim_for_nobody(chunk)
        elif self._outbound.composes_ahead:
            self.spawn(self._line_up_composed(chunk, chunk.outlet))
        else:
            chunk.outlet.waiting[chunk.batch.header.lane].append(chunk)

    async def _line_up_composed(self, chunk: Chunk, outlet: Outlet) -> None:
        await self._outbound.compose_ahead(chunk)
        outlet.waiting[chunk.batch.header.lane].append(chunk)
        self.wants_claims(outlet)

    # --- claims

    def wants_claims(self, outlet: Outlet) -> None:
        """Claim as far ahead as the outlet may; a code is claimed at once whatever waits."""
        if self.is_stopping or outlet.is_closing:
            return
        if not outlet.is_up:
            self._reroute(outlet)
            return
        for lane in outlet.lanes:
            chunks = outlet.waiting[lane]
            while chunks and (lane is Lane.OTP or self._has_room_for_claims(outlet, lane)):
                chunk = chunks.popleft()
                outlet.on_claim(chunk)
                if self.is_stopped(chunk.batch.header):
                    self._claim_for_nobody(chunk)
                    continue
                outlet.claiming[lane] += len(chunk.recipients)
                (self.ledger if lane is Lane.BULK else self.claims_at_once).claim(chunk)

    def _claim_for_nobody(self, chunk: Chunk) -> None:
        """Its messages have an outcome once they are claimed: there is no outlet for them, or they may not leave."""
        chunk.outlet = None
        self.ledger.claim(chunk)

    def _has_room_for_claims(self, outlet: Outlet, lane: Lane) -> bool:
        return outlet.has_room(lane) and self._uncommitted < MOST_UNCOMMITTED and len(self.publisher) < MOST_UNPUBLISHED

    def _reroute(self, outlet: Outlet) -> None:
        """It is down: what waits unclaimed goes where the routes point; what is claimed waits in the schedule."""
        for chunk in outlet.take_out():
            self.place(chunk.batch, chunk.recipients)
        if left := outlet.take_back():
            self.settled(left)

    async def retire(self, outlet: Outlet, patience: float = 5.0) -> None:
        """End an outlet that is not to be used any more: what waits for it goes elsewhere."""
        chunks = outlet.take_out()
        await outlet.stop(patience)
        for chunk in chunks:
            self.place(chunk.batch, chunk.recipients)
        if left := outlet.take_back():
            self.settled(left)

    def on_committed(self, outcome: Outcome) -> None:
        """From one of the ledger's threads, after each commit."""
        for position, lane, body in outcome.to_publish:
            self.publisher.publish(position, lane, body)
        for batch in outcome.done:
            if batch.delivery is not None:
                batch.delivery.ack()
        traces.batches_settled(outcome.done)
        traces.told_later(outcome.told)
        self._loop.call_soon_threadsafe(self._committed, outcome)

    def _committed(self, outcome: Outcome) -> None:
        self._uncommitted -= len(outcome.work.messages)
        for message in outcome.work.messages:
            if message.outlet is not None:
                message.outlet.claimed[message.chunk.batch.header.lane] -= 1
        for acknowledgement in outcome.work.acknowledgements:
            acknowledgement.acknowledge()
        for taken in outcome.taken:
            if taken.chunk.batch.header.lane is Lane.BULK:
                self._turns.add(partial(self._claimed, taken))
            else:
                self._claimed(taken)
        for outlet in self._outbound.outlets():
            self.wants_claims(outlet)

    def _claimed(self, taken: Taken) -> None:
        """Hand over what is ours of a chunk, and count or place again the rest."""
        batch, outlet = taken.chunk.batch, taken.chunk.outlet
        if outlet is not None:
            outlet.claiming[batch.header.lane] -= taken.size
        if taken.settled:
            self.ledger.count_elsewhere(batch, taken.settled)
        if taken.claimed_elsewhere:
            self._loop.call_later(CLAIMED_ELSEWHERE_AGAIN_SECONDS, self.place, batch, taken.claimed_elsewhere)
        if taken.mine:
            self._hand_over(taken.chunk, outlet, taken.mine)
        if outlet is not None:
            self.wants_claims(outlet)

    # --- outcomes, told by the outlets

    def settled(self, messages: Sequence[Message]) -> None:
        """Outcomes to the ledger: each message once, with its state."""
        now = None
        for message in messages:
            if message.state is MessageState.DEFERRED and message.due_at is None:
                now = now or datetime.now(UTC)
                self._outbound.schedule(message, now)
                message.at = message.at or now.timestamp()
        self._uncommitted += len(messages)
        self.ledger.settle(messages)

    def received(self, receipts: list[Any], acknowledge: Callable[[], None]) -> None:
        """Late news to the ledger; `acknowledge` is called once they are on disk."""
        self.ledger.receive(Acknowledgement(receipts, acknowledge))

    # --- what must not leave: see `channel.stops`

    def stop_campaigns(self, stopped: Mapping[str, CampaignState]) -> None:
        """From now on nothing leaves of these campaigns and of no others; what waits to leave is taken back."""
        self._stops.campaigns = stopped
        self._take_back_stopped()

    def suspend_accounts(self, account_ids: frozenset[str]) -> None:
        """From now on nothing leaves of these accounts and of no others; what waits to leave is taken back."""
        self._stops.accounts = account_ids
        self._take_back_stopped()

    def _take_back_stopped(self) -> None:
        for outlet in self._outbound.outlets() if self._stops else ():
            for chunk in outlet.take_out(self.is_stopped):
                outlet.on_claim(chunk)
                self._claim_for_nobody(chunk)
            if withdrawn := outlet.withdraw(self.is_stopped):
                self.put_off(withdrawn)

    def is_stopped(self, header: Header) -> bool:
        return self._stops.holds(header)

    def put_off(self, messages: Sequence[Message]) -> None:
        self._stops.put_off(messages)
        self.settled(messages)

    # --- the retry schedule

    def adopt(self, chunks: Iterable[Chunk]) -> None:
        """Chunks of the retry schedule, claimed by the upkeep: an outlet for each recipient."""
        for chunk in chunks:
            for outlet, some in self._outbound.route(chunk.batch, chunk.recipients):
                self._hand_over(chunk, outlet, some)

    def _hand_over(self, chunk: Chunk, outlet: Outlet | None, recipients: list[Recipient]) -> None:
        if self.is_stopping:
            return  # its claim is released, see `stop`
        if outlet is not None and not outlet.is_up:
            outlet = None
        if self.is_stopped(chunk.batch.header):
            self.put_off(self._messages(chunk, recipients))
            return
        recipients = self._leave_out(chunk, recipients)
        if isinstance(chunk.batch.content, UnknownContent):
            messages: Sequence[Message] = self._rejected(chunk, recipients)
        else:
            messages = self._outbound.compose(chunk, recipients, outlet)
        finished = [message for message in messages if message.state is not None]
        if finished:
            self.settled(finished)
        if outlet is None or len(finished) == len(messages):
            return
        travelling = [message for message in messages if message.state is None]
        for message in travelling:  # what is finished the outlet never sees
            message.outlet = outlet
        outlet.claimed[chunk.batch.header.lane] += len(travelling)
        outlet.hand_over(travelling)

    def _leave_out(self, chunk: Chunk, recipients: list[Recipient]) -> list[Recipient]:
        """Those who may still be sent to; the others have their outcome."""
        gone = [recipient for recipient in recipients if "left_out" in recipient]
        if not gone:
            return recipients
        self.settled(self._rejected(chunk, gone))
        return [recipient for recipient in recipients if "left_out" not in recipient]

    def _rejected(self, chunk: Chunk, recipients: list[Recipient]) -> list[Message]:
        """Of who is left out, and of a content that is not known, nothing can be sent."""
        now, messages = time.time(), self._messages(chunk, recipients)
        for message in messages:
            reason = message.recipient.get("left_out")
            message.at = now
            message.end_refused(left_out.CODES[reason] if reason else UNKNOWN_CONTENT)
        return messages

    def _messages(self, chunk: Chunk, recipients: Iterable[Recipient]) -> list[Message]:
        """Claimed recipients as messages that nothing is made of."""
        of, messages = chunk.batch.header.id_of, []
        for recipient in recipients:
            number = recipient["number"]
            attempts = chunk.attempts.get(number, 0)
            messages.append(self._outbound.message(chunk, recipient, of(number), number in chunk.existing, attempts))
        return messages

    def room_for_retries(self) -> int:
        """How many messages of the retry schedule may be handed over now."""
        if self.is_stopping or self._uncommitted >= MOST_UNCOMMITTED:
            return 0
        return min((outlet.room_for_retries() for outlet in self._outbound.outlets()), default=MOST_UNCOMMITTED)

    # --- the end

    async def stop(self, patience: float = 5.0) -> None:
        """Claim and hand over nothing more, wait for the answers to what has left, close the outlets.

        What is claimed and has not left has no outcome: its claims are released (`claims.release`), and it goes back
        where it came from, to its lane with its delivery or into the schedule.
        """
        self.is_stopping = True
        end = self._loop.time() + patience
        outlets = list(self._outbound.outlets())
        self._give_back(outlets)
        while self._loop.time() < end and any(outlet.is_up and not outlet.is_idle() for outlet in outlets):
            await asyncio.sleep(0.02)
        await asyncio.gather(*(outlet.stop(patience) for outlet in outlets))
        self._give_back(outlets)

    def _give_back(self, outlets: Sequence[Outlet]) -> None:
        left = [message for outlet in outlets for message in outlet.take_back()]
        # Its lane knows nothing of one that has left without an answer: that waits in the schedule.
        self.settled([one for one in left if one.state is not MessageState.DEFERRED or one.unanswered])

    # --- tasks

    def spawn(self, work: Any) -> asyncio.Task[None]:
        """A task that is kept until it ends; one that fails ends the process (the loop's exception handler)."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
