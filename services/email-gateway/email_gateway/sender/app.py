"""The sender: one asyncio loop for sockets; composing and database work on threads.

A batch goes in chunks: claim (transaction) → compose and sign (threads; RSA releases the GIL) → connections → settle
(transaction, many chunks at once) → acknowledge. Every message that waits for anything but its turn is in the
database.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections import Counter as CountOf
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from prometheus_client import Counter

from chassis.broker import Broker, Delivery
from chassis.database import Database, ensure_partitions
from chassis.ids import new_id
from chassis.logs import get_logger
from chassis.outbox import Relay
from contracts.lanes import channel_lane
from contracts.vocabulary import Channel, Lane, MessageState
from email_gateway.config import SenderConfig
from email_gateway.mail.composer import NotComposable
from email_gateway.sender.batches import Batch, Settlement, Unreadable, read_batch
from email_gateway.sender.composers import CannotSend, Composers
from email_gateway.sender.routing import Router
from email_gateway.sender.settler import Settler, event_of, record_events
from email_gateway.smtp.pool import Outcome, Parcel, Pool
from email_gateway.store import ledger
from email_gateway.store.ledger import Message

PREFETCH = {Lane.TRANSACTIONAL: 16, Lane.BULK: 4}
FLUSH_SECONDS = 0.1
BEAT_SECONDS = 2.0
RETRY_POLL_SECONDS = 0.5
STOP_SECONDS = 8.0

log = get_logger()
EMAILS = Counter("wici_emails_total", "E-mails by what became of the attempt", ["result"])
T = TypeVar("T")


class Sender:
    """One running sender; `run` returns after `stop` is set and everything on the way is settled or given back."""

    def __init__(
        self, config: SenderConfig, database: Database, broker: Broker, composers: Composers, router: Router
    ) -> None:
        self._config, self._database, self._broker = config, database, broker
        self._composers, self._router = composers, router
        self.instance: UUID = new_id()
        self.relay = Relay(database, broker)
        self._settler = Settler(database, retry_base=timedelta(seconds=config.retry_base_seconds), poke=self.relay.poke)
        self._pool = Pool(router.destination)
        self._database_threads = ThreadPoolExecutor(3, "database")
        self._composing_threads = ThreadPoolExecutor(config.workers, "compose")
        self._settlements: list[Settlement] = []
        self._skipped: list[tuple[Batch, str]] = []
        self._flush = asyncio.Event()
        self._slots = {
            Lane.TRANSACTIONAL: asyncio.Semaphore(config.chunks_at_once),
            Lane.BULK: asyncio.Semaphore(config.chunks_at_once),
        }
        self._retry_slots = asyncio.Semaphore(2)
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._beaten_at = 0.0

    async def run(self, stop: threading.Event) -> None:
        # Threads that sign and the loop take turns on the GIL; at the default of 5 ms the loop would wait too long.
        sys.setswitchinterval(0.0005)
        self._loop = asyncio.get_running_loop()
        await self._in_database(self._open)
        self._pool.start()
        loops = [
            self._spawn(loop()) for loop in (self._flush_loop, self._beat_loop, self._retry_loop, self._upkeep_loop)
        ]
        for lane, prefetch in PREFETCH.items():
            self._broker.consume(channel_lane(Channel.EMAIL, lane), partial(self._on_delivery, lane), prefetch=prefetch)
        await self._loop.run_in_executor(None, stop.wait)
        await self._shut_down(loops)

    def _open(self) -> None:
        self._router.refresh()
        with self._database.transaction() as session:
            ensure_partitions(session, "ledger", datetime.now(UTC).date() - timedelta(days=1), 4)
            ledger.beat(session, instance=self.instance)
        self._beaten_at = time.monotonic()

    async def _shut_down(self, loops: Sequence[asyncio.Task[None]]) -> None:
        """What is on a connection is finished, what waits goes back, what was not claimed stays in its lane."""
        self._stopping = True
        await self._pool.close(STOP_SECONDS)
        for task in loops:
            task.cancel()
        # Chunks that were being composed submit and take back by themselves.
        if working := self._tasks - set(loops):
            await asyncio.wait(working, timeout=STOP_SECONDS)
        await self._settle_now()
        await self._in_database(self._leave)

    def _leave(self) -> None:
        with self._database.transaction() as session:
            ledger.leave(session, instance=self.instance)

    # Lanes

    def _on_delivery(self, lane: Lane, delivery: Delivery) -> None:
        self._loop.call_soon_threadsafe(self._take, lane, delivery)

    def _take(self, lane: Lane, delivery: Delivery) -> None:
        if self._stopping:
            return  # not acknowledged: it goes back to its lane when the connection closes
        try:
            batch = read_batch(delivery, lane)
        except Unreadable as error:
            log.error("batch_unreadable", lane=lane, error=str(error))
            delivery.nack(requeue=False)
            return
        self._spawn(self._work(batch, lane))

    async def _work(self, batch: Batch, lane: Lane) -> None:
        if not batch.messages:
            self._broker_ack([batch])
            return
        iterator = iter(batch.messages)
        while chunk := list(islice(iterator, self._config.chunk)):
            await self._slots[lane].acquire()
            if self._stopping:
                return
            self._spawn(self._chunk(batch, chunk, self._slots[lane]))

    async def _chunk(self, batch: Batch, chunk: list[Message], slots: asyncio.Semaphore) -> None:
        try:
            while time.monotonic() - self._beaten_at > ledger.LEASE_SECONDS - 3:
                await asyncio.sleep(0.2)  # others may think us dead: claim nothing until the lease is renewed
            ours, others = await self._until_done(lambda: self._claim(chunk))
            self._skipped += [(batch, state) for state in others]
            if others:
                self._flush.set()
        except BaseException:
            slots.release()
            raise
        await self._hand_over(ours, batch, slots)

    def _claim(self, chunk: list[Message]) -> tuple[list[Message], list[str]]:
        """Ours to send, and the states of those that were claimed before (a redelivered batch)."""
        sender = self._sender_of(chunk[0].content_hash)
        for message in chunk:
            message.sender = sender
        with self._database.transaction() as session:
            claimed = ledger.claim(session, chunk, instance=self.instance)
            rest = [message.message_id for message in chunk if message.message_id not in claimed]
            states = ledger.states_of(session, rest) if rest else {}
        ours = {message.message_id: message for message in chunk if message.message_id in claimed}
        return list(ours.values()), [states.get(message_id, MessageState.UNKNOWN) for message_id in rest]

    def _sender_of(self, content_hash: str) -> str:
        try:
            return self._composers.get(content_hash).sender
        except CannotSend:
            return ""

    # Handing over

    async def _hand_over(self, messages: list[Message], batch: Batch | None, slots: asyncio.Semaphore) -> None:
        """Compose, sign and submit claimed messages; the slot is free when the last has its outcome."""
        if not messages:
            slots.release()
            return
        left = len(messages)

        def on_outcome(message: Message, result: str, code: str, detail: str) -> None:
            nonlocal left
            self._settlements.append(Settlement(message, result, code, detail, time.time(), batch))
            left -= 1
            if left == 0:
                slots.release()
            self._flush.set()

        composed = await self._loop.run_in_executor(self._composing_threads, self._compose, messages, on_outcome)
        parcels = []
        for message, made in zip(messages, composed, strict=True):
            if isinstance(made, Parcel):
                parcels.append(made)
            else:
                on_outcome(message, "rejected", *made)
        self._pool.submit(parcels)
        if self._stopping:
            await self._pool.close(STOP_SECONDS)

    def _compose(
        self, messages: list[Message], on_outcome: Callable[[Message, str, str, str], None]
    ) -> list[Parcel | tuple[str, str]]:
        """A parcel for each message, or why there is none."""
        now = int(time.time())
        return [self._compose_one(message, now, on_outcome) for message in messages]

    def _compose_one(
        self, message: Message, now: int, on_outcome: Callable[[Message, str, str, str], None]
    ) -> Parcel | tuple[str, str]:
        def on_done(_parcel: Parcel, outcome: Outcome) -> None:
            on_outcome(message, outcome.result.value, outcome.code, outcome.detail)

        try:
            composer = self._composers.get(message.content_hash)
            if composer.account_id != message.account_id:
                raise CannotSend("content.unknown", "the content is not known")
            outgoing = composer.compose(
                message_id=message.message_id,
                address=message.address,
                fields=message.fields,
                campaign_id=message.campaign_id,
                contact_id=message.contact_id,
                at=now,
                name=message.name,
            )
        except (NotComposable, CannotSend) as problem:
            return problem.code, problem.detail[:200]
        return Parcel(
            outgoing.message_id,
            outgoing.envelope_from,
            outgoing.address,
            outgoing.octets,
            message.lane != Lane.BULK,
            on_done,
        )

    # Loops

    async def _flush_loop(self) -> None:
        while True:
            await self._flush.wait()
            await asyncio.sleep(FLUSH_SECONDS)
            self._flush.clear()
            await self._settle_now()

    async def _settle_now(self) -> None:
        """Settle what is known now; on a failure of the database, try again: nothing is dropped."""
        settlements, self._settlements = self._settlements, []
        skipped, self._skipped = self._skipped, []
        if settlements or skipped:
            for result, count in CountOf(settlement.result for settlement in settlements).items():
                EMAILS.labels(result).inc(count)
            plan = self._settler.plan(settlements, skipped)
            await self._until_done(lambda: self._settler.commit(plan))
            self._broker_ack(plan.complete)

    def _broker_ack(self, batches: list[Batch]) -> None:
        for batch in batches:
            batch.delivery.ack()

    async def _beat_loop(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._in_database(self._beat)
                self._beaten_at = time.monotonic()
            except Exception as error:
                log.warning("lease_not_renewed", error=repr(error))

    def _beat(self) -> None:
        with self._database.transaction() as session:
            ledger.beat(session, instance=self.instance)
        with self._database.transaction() as session:
            again = ledger.send_abandoned_again(session)
            unknown = ledger.mark_abandoned_unknown(session)
            record_events(session, [_unknown_event(*row) for row in unknown])
        if unknown or again:
            log.warning("abandoned_messages_swept", unknown=len(unknown), again=again)
            self.relay.poke()

    async def _retry_loop(self) -> None:
        while True:
            await self._retry_slots.acquire()
            try:
                due = await self._in_database(self._take_due)
            except Exception as error:
                log.warning("retries_not_taken", error=repr(error))
                due = []
            if due:
                self._spawn(self._hand_over(due, None, self._retry_slots))
            else:
                self._retry_slots.release()
                await asyncio.sleep(RETRY_POLL_SECONDS)

    def _take_due(self) -> list[Message]:
        with self._database.transaction() as session:
            return ledger.take_due(session, instance=self.instance, limit=self._config.chunk)

    async def _upkeep_loop(self) -> None:
        """Routes every few seconds, partitions every hour."""
        rounds = 0
        while True:
            await asyncio.sleep(3.0)
            rounds += 1
            try:
                await self._in_database(self._router.refresh)
                if rounds % 1200 == 0:
                    await self._in_database(self._keep_house)
            except Exception as error:
                log.warning("upkeep_failed", error=repr(error))

    def _keep_house(self) -> None:
        with self._database.transaction() as session:
            ensure_partitions(session, "ledger", datetime.now(UTC).date(), 3)
            ledger.forget_dead_instances(session)

    # Threads and tasks

    async def _in_database(self, work: Callable[[], T]) -> T:
        return await self._loop.run_in_executor(self._database_threads, work)

    async def _until_done(self, work: Callable[[], T]) -> T:
        """Run database work until it succeeds."""
        while True:
            try:
                return await self._in_database(work)
            except Exception as error:
                log.warning("database_work_failed", error=repr(error))
                await asyncio.sleep(1.0)

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_task_done)
        return task

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("sender_task_failed", exc_info=task.exception())


def _unknown_event(
    message_id: UUID, account_id: UUID, campaign_id: UUID | None, contact_id: UUID | None, address: str, sender: str
) -> dict[str, Any]:
    message = Message(message_id, account_id, campaign_id, contact_id, address, {}, "", sender, Lane.BULK)
    settlement = Settlement(message, "lost", "", "the sender stopped while handing it over", time.time())
    return event_of(settlement, MessageState.UNKNOWN)
