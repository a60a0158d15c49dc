"""The sender: one asyncio loop for sockets; database work on threads, composing in processes.

A batch goes in chunks: compose and sign (worker processes) → claim (transaction) → connections → settle
(transaction, many chunks at once) → acknowledge. Between claim and settlement there are never more messages than the
window holds: that many, at most, a crash leaves unknown. A message that waits longer goes to the retry schedule.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections import Counter as CountOf
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from prometheus_client import Counter

from chassis import erasures
from chassis.broker import Broker, Delivery
from chassis.database import Database
from chassis.ids import new_id
from chassis.logs import get_logger
from chassis.outbox import Relay
from chassis.waking import REST_SECONDS
from contracts.lanes import channel_lane
from contracts.vocabulary import ERASED_ADDRESS, Channel, Lane, MessageState
from email_gateway.config import SenderConfig
from email_gateway.mail.composer import Outgoing
from email_gateway.sender.batches import Batch, Settlement, Unreadable, read_batch
from email_gateway.sender.composers import ERASED, Composers, Refusal
from email_gateway.sender.composing import ComposingProcesses
from email_gateway.sender.routing import Router
from email_gateway.sender.settler import Settler
from email_gateway.sender.upkeep import Upkeep
from email_gateway.sender.window import Window
from email_gateway.smtp.pool import Outcome, Parcel, Pool
from email_gateway.store import ledger, people
from email_gateway.store.ledger import Message

PREFETCH = {Lane.TRANSACTIONAL: 16, Lane.BULK: 4}
FLUSH_SECONDS = 0.04
UPKEEP_SECONDS = 2.0
# While the retry schedule holds anything; an empty one is left alone until something is put off.
RETRY_POLL_SECONDS = 0.5
STOP_SECONDS = 8.0

log = get_logger()
EMAILS = Counter("wici_emails_total", "E-mails by what became of the attempt", ["result"])
T = TypeVar("T")


class Sender:
    """One running sender; `run` returns after `stop` is set and everything on the way is settled or given back."""

    def __init__(
        self,
        config: SenderConfig,
        database: Database,
        broker: Broker,
        composers: Composers,
        composing: ComposingProcesses,
        router: Router,
    ) -> None:
        self._config, self._database, self._broker = config, database, broker
        self._composers, self._composer, self._router = composers, composing, router
        self.instance: UUID = new_id()
        self.relay = Relay(database, broker)
        self._upkeep = Upkeep(database, self.instance)
        self._settler = Settler(database, retry_base=timedelta(seconds=config.retry_base_seconds), poke=self.relay.poke)
        self._pool = Pool(router.destination)
        self._database_threads = ThreadPoolExecutor(3, "database")
        self._composing_threads = ThreadPoolExecutor(config.workers, "compose")
        self._settlements: list[Settlement] = []
        self._skipped: list[tuple[Batch, str]] = []
        self._flush = asyncio.Event()
        self._put_off = asyncio.Event()
        lanes = (Lane.TRANSACTIONAL, Lane.BULK)
        self._windows = {lane: Window(max(config.window, config.chunk)) for lane in lanes}
        # Chunks that are composed or being composed, and not claimed yet.
        self._composing = {lane: asyncio.Semaphore(config.workers + 2) for lane in lanes}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._is_over = False

    async def run(self, stop: threading.Event) -> None:
        # Database threads and the loop take turns on the GIL; at the default of 5 ms the loop would wait too long.
        sys.setswitchinterval(0.0005)
        self._loop = asyncio.get_running_loop()
        await self._in_database(self._open)
        self._pool.start()
        flushing, upkeep = self._spawn(self._flush_loop()), self._spawn(self._upkeep_loop())
        retrying = self._spawn(self._retry_loop())
        for lane, prefetch in PREFETCH.items():
            self._broker.consume(channel_lane(Channel.EMAIL, lane), partial(self._on_delivery, lane), prefetch=prefetch)
        stopped = self._loop.run_in_executor(None, stop.wait)
        watched: list[asyncio.Future[Any]] = [stopped, flushing, upkeep, retrying]
        done, _ = await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
        if stopped not in done:
            stop.set()  # a loop has failed: end, so that whoever watches the process starts it anew
            raise RuntimeError("a loop of the sender ended")
        await self._shut_down(flushing, upkeep)

    def _open(self) -> None:
        self._router.refresh()
        self._upkeep.open()

    async def _shut_down(self, flushing: asyncio.Task[None], upkeep: asyncio.Task[None]) -> None:
        """What is on a connection is finished, what waits goes back, what was not claimed stays in its lane."""
        self._stopping = True
        self._put_off.set()
        await self._pool.close(STOP_SECONDS)
        # Chunks under way submit and take back by themselves; settling goes on meanwhile.
        if working := self._tasks - {flushing, upkeep}:
            await asyncio.wait(working, timeout=STOP_SECONDS)
        upkeep.cancel()
        self._is_over = True
        self._flush.set()
        await flushing
        await self._settle_now()
        await self._in_database(self._upkeep.leave)

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
            await self._composing[lane].acquire()
            if self._stopping:
                return
            self._spawn(self._chunk(batch, chunk, lane))

    async def _chunk(self, batch: Batch, chunk: list[Message], lane: Lane) -> None:
        try:
            composed = await self._compose(chunk)
            await self._windows[lane].take(len(chunk))
        finally:
            self._composing[lane].release()
        if self._stopping:
            return  # not claimed: another sender gets it with the redelivered batch
        while not self._upkeep.is_lease_fresh:
            await asyncio.sleep(0.2)
        claimed, others = await self._until_done(lambda: self._claim(chunk))
        self._windows[lane].give(len(others))
        if others:
            self._skipped += [(batch, state) for state in others]
            self._flush.set()
        ours = [
            # Erased since it was composed: what was made of it is thrown away.
            (message, ERASED if message.address == ERASED_ADDRESS else made)
            for message, made in zip(chunk, composed, strict=True)
            if message.message_id in claimed
        ]
        await self._hand_over(ours, batch)

    async def _compose(self, messages: list[Message]) -> list[Outgoing | Refusal]:
        """Compose until it succeeds: with the database away there are no contents and no keys, and nothing is lost."""
        while True:
            now = int(time.time())
            try:
                compose = partial(self._composer.compose, messages, now)
                return await self._loop.run_in_executor(self._composing_threads, compose)
            except Exception as error:
                if self._is_over:
                    raise
                log.warning("composing_failed", error=repr(error))
                await asyncio.sleep(1.0)

    def _claim(self, chunk: list[Message]) -> tuple[set[UUID], list[str]]:
        """Ids of those that are ours to send, and the states of those claimed before (a redelivered batch)."""
        sender = self._composers.sender_of(chunk[0].content_hash)
        for message in chunk:
            message.sender = sender
        with self._database.transaction() as session:
            people.leave_out(session, chunk)
            claimed = ledger.claim(session, chunk, instance=self.instance)
            rest = [message.message_id for message in chunk if message.message_id not in claimed]
            states = ledger.states_of(session, rest) if rest else {}
        return claimed, [states.get(message_id, MessageState.UNKNOWN) for message_id in rest]

    async def _hand_over(self, composed: list[tuple[Message, Outgoing | Refusal]], batch: Batch | None) -> None:
        """Submit claimed messages to their destinations; those that cannot be composed are settled at once."""
        parcels = []
        for message, made in composed:
            if isinstance(made, Refusal):
                self._settled(Settlement(message, "rejected", made.code, made.detail, time.time(), batch))
                continue
            urgent = message.lane != Lane.BULK
            parcels.append(
                Parcel(
                    made.message_id,
                    made.envelope_from,
                    made.address,
                    made.octets,
                    urgent,
                    self._on_done,
                    (message, batch),
                )
            )
        self._pool.submit(parcels)
        if self._stopping:
            await self._pool.close(STOP_SECONDS)

    def _on_done(self, parcel: Parcel, outcome: Outcome) -> None:
        message, batch = parcel.tag
        self._settled(Settlement(message, outcome.result.value, outcome.code, outcome.detail, time.time(), batch))

    def _settled(self, settlement: Settlement) -> None:
        self._settlements.append(settlement)
        self._flush.set()

    # Loops

    async def _flush_loop(self) -> None:
        while not self._is_over:
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
            self._put_off.set()
            self._broker_ack(plan.complete)
            for lane, count in CountOf(Lane(settlement.message.lane) for settlement in settlements).items():
                self._windows[lane].give(count)

    def _broker_ack(self, batches: list[Batch]) -> None:
        for batch in batches:
            batch.delivery.ack()

    async def _upkeep_loop(self) -> None:
        while True:
            await asyncio.sleep(UPKEEP_SECONDS)
            try:
                if await self._in_database(self._upkeep.tick):
                    self.relay.poke()
                    self._put_off.set()
                await self._in_database(self._router.refresh)
            except Exception as error:
                log.warning("upkeep_failed", error=repr(error))

    async def _retry_loop(self) -> None:
        """Retries share the windows of their lanes, a chunk at a time."""
        while not self._stopping:
            await self._windows[Lane.BULK].take(self._config.chunk)
            if self._stopping:
                return  # what goes back at the end makes room here: it is not to be taken out again
            try:
                self._put_off.clear()
                due, is_empty = await self._in_database(self._take_due)
            except Exception as error:
                log.warning("retries_not_taken", error=repr(error))
                due, is_empty = [], False
            # What is settled is given back to its own lane's window, so single messages take their place there instead.
            single = sum(1 for message in due if message.lane != Lane.BULK)
            self._windows[Lane.BULK].give(self._config.chunk - len(due) + single)
            await self._windows[Lane.TRANSACTIONAL].take(single)
            if due:
                trying = self._spawn(self._try_again(due))
                if self._stopping:
                    await trying  # the end waits for this loop, and so for what it has just claimed
                continue
            if is_empty:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._put_off.wait(), REST_SECONDS)
            # Also after a wake: settling wakes dozens of times a second, and each look takes room in the window.
            await asyncio.sleep(RETRY_POLL_SECONDS)

    async def _try_again(self, due: list[Message]) -> None:
        composed = await self._compose(due)
        await self._hand_over(list(zip(due, composed, strict=True)), None)

    def _take_due(self) -> tuple[list[Message], bool]:
        """What is due, and whether the schedule is empty."""
        with self._database.transaction() as session:
            # Before any row is locked: whoever erases a person holds this lock and then locks rows.
            erasures.share(session)
            due = ledger.take_due(session, instance=self.instance, limit=self._config.chunk)
            people.leave_out(session, due)
            return due, not due and ledger.is_schedule_empty(session)

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
