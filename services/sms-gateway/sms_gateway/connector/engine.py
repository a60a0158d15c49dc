"""The loop's side of the connector: lane batches in, claimed chunks rendered and queued, outcomes to the ledger."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from chassis.broker import Delivery
from chassis.logs import get_logger
from contracts.vocabulary import Lane, MessageState
from sms_gateway import domain
from sms_gateway.connector.carriers import LANES, CarrierSettings, CarrierWork
from sms_gateway.connector.ledger import LedgerThread
from sms_gateway.connector.ledger_work import Acknowledgement, Outcome
from sms_gateway.connector.preparing import NO_CARRIER, prepare
from sms_gateway.connector.publisher import Publisher
from sms_gateway.connector.routing import Router
from sms_gateway.smpp.client import Link
from sms_gateway.smpp.constants import THROTTLING_STATUSES
from sms_gateway.store.receipts import Arrived
from sms_gateway.work import Batch, Chunk, Content, Header, Message, Part, SharedDelivery, chunked, read_batches

# More lane messages than this on their way to the broker, or outcomes on their way to disk: claim nothing new.
MOST_UNPUBLISHED = 400
MOST_UNCOMMITTED = 20_000
FOREIGN_AGAIN_SECONDS = 1.0
_THROTTLED_CODES = {f"0x{status:02x}" for status in THROTTLING_STATUSES}

log = get_logger()


class Engine:
    """Everything here runs on the loop, but for `on_committed`, which comes from the ledger's thread."""

    def __init__(self, load_content: Callable[[str], Content | None], claim_ahead: int) -> None:
        self._load_content = load_content
        self._claim_ahead = claim_ahead
        self._contents: dict[str, Content] = {}
        self._router = Router(())
        self._loop = asyncio.get_running_loop()
        self._uncommitted = 0
        self._reference = random.randrange(256)
        self._orphans: list[Chunk] = []
        self.carriers: dict[UUID, CarrierWork] = {}
        self.stopping = False
        self.on_carrier_up: Callable[[], None] = lambda: None
        self.ledger: LedgerThread
        self.publisher: Publisher

    # --- carriers and routes

    def use_directory(self, carriers: Iterable[CarrierSettings], router: Router) -> None:
        """Take the present carriers and routes; binds of a changed carrier are made anew."""
        wanted = {each.id: each for each in carriers}
        self._router = router
        for carrier_id, work in list(self.carriers.items()):
            settings = wanted.get(carrier_id)
            if settings is None or settings.version != work.settings.version:
                del self.carriers[carrier_id]
                self._loop.create_task(self._retire(work))
        for carrier_id, settings in wanted.items():
            if carrier_id not in self.carriers:
                work = self.carriers[carrier_id] = CarrierWork(settings, self, self._claim_ahead)
                work.start()

    async def _retire(self, work: CarrierWork) -> None:
        waiting = [chunk for lane in LANES for chunk in work.waiting[lane]]
        for lane in LANES:
            work.waiting[lane].clear()
        await work.stop(patience=5.0)
        for chunk in waiting:
            self._place(chunk.batch, chunk.recipients)
        self._give_back([part for lane in LANES for part in work.ready[lane]])

    def _give_back(self, parts: list[Part]) -> None:
        """Claimed and not handed over: they wait for another carrier. Where a part may have left, nobody knows more."""
        whole = {id(part.message): part.message for part in parts}
        now = time.time()
        for message in whole.values():
            if message.nothing_left:
                message.state, message.code = MessageState.DEFERRED, NO_CARRIER
            else:
                message.state, message.submitted_at = MessageState.UNKNOWN, now
        self.settled(list(whole.values()))

    # --- batches from the lanes

    def on_delivery(self, lane: Lane, delivery: Delivery) -> None:
        """A batch, or several: route the recipients and line them up for claiming."""
        try:
            batches = list(read_batches(delivery.body, lane))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.error("batch_unreadable", lane=lane, error=type(error).__name__)
            delivery.nack(requeue=False)
            return
        share = delivery if len(batches) == 1 else SharedDelivery(delivery, len(batches))
        for header, recipients in batches:
            content = self._contents.get(header.content_hash)
            if content is None:
                self._loop.create_task(self._with_content(header, recipients, share))
            else:
                self._accept(Batch(header, content, len(recipients), share), recipients)

    async def _with_content(
        self, header: Header, recipients: list[dict[str, Any]], delivery: Delivery | SharedDelivery
    ) -> None:
        content = await self.content(header.content_hash)
        if content is None or content.account_id != header.account_id:
            log.error("content_unknown", batch_id=header.batch_id, content_hash=header.content_hash)
            delivery.nack(requeue=False)
            return
        self._accept(Batch(header, content, len(recipients), delivery), recipients)

    async def content(self, content_hash: str) -> Content | None:
        """A content by its hash, from the cache or the database; waits for the database as long as it takes."""
        while content_hash not in self._contents:
            try:
                found = await self._loop.run_in_executor(None, self._load_content, content_hash)
            except ValueError as error:
                log.error("content_broken", content_hash=content_hash, error=str(error))
                return None
            except Exception as error:
                log.warning("content_not_loaded", error=type(error).__name__)
                await asyncio.sleep(1.0)
                continue
            if found is None:
                return None
            if len(self._contents) > 1_000:
                self._contents.clear()
            self._contents[content_hash] = found
        return self._contents[content_hash]

    def _accept(self, batch: Batch, recipients: list[dict[str, Any]]) -> None:
        if not recipients:
            batch.unsettled = 0
            self.ledger.count_elsewhere(batch, [])
            return
        self._place(batch, recipients)

    def _place(self, batch: Batch, recipients: list[dict[str, Any]]) -> None:
        """Chunks to the carriers that the routes choose."""
        lane = batch.header.lane
        for carrier, group in self._by_carrier(batch.header, recipients):
            for some in chunked(group):
                chunk = Chunk(batch, carrier, some)
                if carrier is None:
                    self.ledger.claim(chunk)
                else:
                    carrier.waiting[lane].append(chunk)
            if carrier is not None:
                self.wants_claims(carrier)

    def _by_carrier(
        self, header: Header, recipients: list[dict[str, Any]]
    ) -> list[tuple[CarrierWork | None, list[dict[str, Any]]]]:
        """Recipients by the carrier that the routes choose; None where no carrier is up."""
        up = {carrier_id for carrier_id, carrier in self.carriers.items() if carrier.is_up}
        groups: dict[UUID | None, list[dict[str, Any]]] = {}
        choose, account_id, lane, is_up = self._router.choose, header.account_id, header.lane, up.__contains__
        for recipient in recipients:
            carrier_id = choose(recipient["address"], account_id, lane, recipient["number"], is_up)
            groups.setdefault(carrier_id, []).append(recipient)
        return [(self.carriers.get(carrier_id) if carrier_id else None, some) for carrier_id, some in groups.items()]

    # --- claims

    def wants_claims(self, carrier: CarrierWork) -> None:
        """Claim as far ahead as the carrier may; a code is claimed at once whatever waits."""
        if self.stopping or carrier.closing:
            return
        if not carrier.is_up:
            self._reroute(carrier)
            return
        for lane in LANES:
            chunks = carrier.waiting[lane]
            while chunks and (lane is Lane.OTP or self._has_appetite(carrier)):
                chunk = chunks.popleft()
                carrier.claiming += len(chunk.recipients)
                self.ledger.claim(chunk, urgent=lane is not Lane.BULK)

    def _has_appetite(self, carrier: CarrierWork) -> bool:
        return (
            carrier.claiming + carrier.ready_count() < carrier.ahead
            and self._uncommitted < MOST_UNCOMMITTED
            and len(self.publisher) < MOST_UNPUBLISHED
        )

    def _reroute(self, carrier: CarrierWork) -> None:
        """No bind is up: what waits unclaimed goes where the routes point; what is claimed waits in the schedule."""
        chunks = [chunk for lane in LANES for chunk in carrier.waiting[lane]]
        parts = [part for lane in LANES for part in carrier.ready[lane] if part.message.nothing_left]
        for lane in LANES:
            carrier.waiting[lane].clear()
            # A message that has left in part keeps its place: the rest of it follows when the carrier is back.
            carrier.ready[lane] = deque(part for part in carrier.ready[lane] if not part.message.nothing_left)
        for chunk in chunks:
            self._place(chunk.batch, chunk.recipients)
        if parts:
            self._give_back(parts)

    def on_committed(self, outcome: Outcome) -> None:
        """From the ledger's thread, after each commit."""
        for position, lane, body in outcome.to_publish:
            self.publisher.publish(position, lane, body)
        for batch in outcome.done:
            if batch.delivery is not None:
                batch.delivery.ack()
        self._loop.call_soon_threadsafe(self._committed, outcome)

    def _committed(self, outcome: Outcome) -> None:
        self._uncommitted -= len(outcome.work.messages)
        for acknowledgement in outcome.work.acknowledgements:
            acknowledgement.acknowledge()
        for taken in outcome.taken:
            carrier = taken.chunk.carrier
            if carrier is not None:
                carrier.claiming -= len(taken.mine) + len(taken.settled) + len(taken.foreign)
            if taken.settled:
                self.ledger.count_elsewhere(taken.chunk.batch, taken.settled)
            if taken.foreign:
                self._loop.call_later(FOREIGN_AGAIN_SECONDS, self._place, taken.chunk.batch, taken.foreign)
            if taken.mine:
                self._enqueue(taken.chunk, carrier, taken.mine)
        for carrier in {taken.chunk.carrier for taken in outcome.taken if taken.chunk.carrier is not None}:
            carrier.fill()
        for carrier in list(self.carriers.values()):
            self.wants_claims(carrier)

    # --- Desk, called by the carriers

    def settled(self, messages: list[Message]) -> None:
        """Outcomes to the ledger."""
        now = None
        for message in messages:
            if message.state is MessageState.DEFERRED:
                now = now or datetime.now(UTC)
                # A throttle passes in seconds, however often it is met. Who waits for a carrier is pulled forward.
                attempts = 0 if message.code in _THROTTLED_CODES else message.attempts
                message.due_at = domain.retry_at(now, attempts, random.random())
                message.submitted_at = message.submitted_at or now.timestamp()
        self._uncommitted += len(messages)
        self.ledger.settle(messages)

    def received(self, carrier: CarrierWork, link: Link, sequences: list[int], receipts: list[Arrived]) -> None:
        connection = link.connection
        self.ledger.receive(Acknowledgement(receipts, lambda: link.acknowledge(sequences, connection)))

    def came_up(self, carrier: CarrierWork) -> None:
        self.on_carrier_up()

    # --- the retry schedule

    def adopt(self, chunks: list[Chunk]) -> None:
        """Chunks of the retry schedule, claimed by the keeper: choose a carrier for each recipient and queue them."""
        for chunk in chunks:
            for carrier, some in self._by_carrier(chunk.batch.header, chunk.recipients):
                self._enqueue(chunk, carrier, some)
        for carrier in self.carriers.values():
            carrier.fill()

    def _enqueue(self, chunk: Chunk, carrier: CarrierWork | None, recipients: list[dict[str, Any]]) -> None:
        if carrier is not None and not carrier.is_up:
            carrier = None
        self._reference = (self._reference + len(recipients)) & 0xFF
        finished = prepare(chunk, carrier, recipients, reference=self._reference, now=time.time())
        if finished:
            self.settled(finished)

    def is_hungry(self) -> bool:
        """Whether the retry schedule may hand over some more."""
        return (
            not self.stopping
            and self._uncommitted < MOST_UNCOMMITTED
            and all(carrier.ready_count() < carrier.ahead * 2 for carrier in self.carriers.values())
        )

    # --- the end

    async def stop(self, patience: float = 8.0) -> None:
        """Claim nothing more, hand over what is claimed as far as `patience` goes, unbind."""
        self.stopping = True
        end = self._loop.time() + patience
        while self._loop.time() < end and any(
            carrier.is_up and carrier.ready_count() for carrier in self.carriers.values()
        ):
            await asyncio.sleep(0.02)
        await asyncio.gather(*(carrier.stop(patience=5.0) for carrier in self.carriers.values()))
        # What came from a lane goes back to it with its delivery; what came from the schedule goes back there.
        left = [part for carrier in self.carriers.values() for lane in LANES for part in carrier.ready[lane]]
        self._give_back([part for part in left if part.message.chunk.batch.delivery is None])
