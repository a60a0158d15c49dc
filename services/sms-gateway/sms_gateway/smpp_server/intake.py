"""Messages of all binds on their way to disk: many in one transaction, and answered after its commit.

While one transaction is under way the next gathers, so nobody waits for company. Accounts take turns. Who has to lease
quota first waits for that alone, and holds nobody else up. What waits for either has bounds, and a share of them for
each account.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from uuid import UUID

from channel.single_sends import SingleSends, TooFewUnits
from chassis.logs import get_logger
from sms_gateway.domain.sends import Plan
from sms_gateway.smpp_server import figures
from sms_gateway.smpp_server.room import Room

AT_ONCE = 500  # messages in a transaction
LEASING_AT_ONCE = 4  # accounts
MOST = 20_000  # messages that wait to be answered
MOST_OCTETS = 64 * 1024 * 1024
_KEPT, _TIMES = 2_048, 4  # octets of memory: of each message, and for each of its frame

log = get_logger()


class Pending(NamedTuple):
    """One message that waits: `answer` is given what `SingleSends` says of it."""

    plan: Plan
    answer: Callable[[Any], None]
    octets: int
    at: float


class Intake:
    """`put` on the loop; `run` until `stop`."""

    def __init__(self, sends: SingleSends, on_stored: Callable[[], None]) -> None:
        self._sends = sends
        self._on_stored = on_stored
        self._queues: OrderedDict[UUID, deque[Pending]] = OrderedDict()
        self._size = 0
        self._room = Room(MOST, MOST_OCTETS)
        self._leasing: dict[UUID, list[Pending]] = {}
        self._leases: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._is_stopping = False
        self._store_thread = ThreadPoolExecutor(1, "intake")
        self._lease_threads = ThreadPoolExecutor(LEASING_AT_ONCE, "leasing")

    def has_room(self, account_id: UUID, frame: int) -> bool:
        """:param frame: octets of the PDU."""
        return self._room.has(account_id, _KEPT + _TIMES * frame)

    def put(self, plan: Plan, frame: int, answer: Callable[[Any], None]) -> None:
        pending = Pending(plan, answer, _KEPT + _TIMES * frame, time.monotonic())
        self._room.take(plan.account_id, pending.octets)
        self._queues.setdefault(plan.account_id, deque()).append(pending)
        self._size += 1
        self._wake.set()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while not (self._is_stopping and not self._size and not self._leases):
            await self._wake.wait()
            self._wake.clear()
            while batch := self._gather():
                figures.QUEUED.set(self._size)
                plans = [pending.plan for pending in batch]
                answers = await loop.run_in_executor(self._store_thread, self._sends.store, plans)
                self._on_stored()
                self._answered(batch, answers)

    def stop(self) -> None:
        """Answer what is there."""
        self._is_stopping = True
        self._wake.set()

    def close(self) -> None:
        self._store_thread.shutdown(wait=False)
        self._lease_threads.shutdown(wait=False)

    def _gather(self) -> list[Pending]:
        """The accounts' messages in turns."""
        batch: list[Pending] = []
        while self._queues and len(batch) < AT_ONCE:
            # Some of each account's at a time: what they share is then looked up once.
            account_id, queue = self._queues.popitem(last=False)
            some = min(len(queue), max(1, (AT_ONCE - len(batch)) // (len(self._queues) + 1)))
            batch += [queue.popleft() for _ in range(some)]
            if queue:
                self._queues[account_id] = queue
        self._size -= len(batch)
        return batch

    def _answered(self, batch: Sequence[Pending], answers: Sequence[Any]) -> None:
        now = time.monotonic()
        for pending, answer in zip(batch, answers, strict=True):
            if isinstance(answer, TooFewUnits):
                self._lease(pending)
            else:
                self._answer(pending, answer, now)

    def _answer(self, pending: Pending, answer: Any, now: float) -> None:
        self._room.give(pending.plan.account_id, pending.octets)
        figures.ANSWER_SECONDS.observe(now - pending.at)
        pending.answer(answer)

    def _lease(self, pending: Pending) -> None:
        account_id = pending.plan.account_id
        waiting = self._leasing.get(account_id)
        if waiting is not None:
            waiting.append(pending)
            return
        self._leasing[account_id] = [pending]
        task = asyncio.get_running_loop().create_task(self._lease_and_store(account_id))
        self._leases.add(task)
        task.add_done_callback(self._lease_ended)

    def _lease_ended(self, task: asyncio.Task[None]) -> None:
        self._leases.discard(task)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("leasing_failed", error=error)

    async def _lease_and_store(self, account_id: UUID) -> None:
        """Those that gather while it leases wait for the next turn of the same account."""
        loop = asyncio.get_running_loop()
        while batch := self._leasing[account_id]:
            self._leasing[account_id] = []
            plans = [pending.plan for pending in batch]
            answers = await loop.run_in_executor(self._lease_threads, self._sends.send, plans)
            self._on_stored()
            now = time.monotonic()
            for pending, answer in zip(batch, answers, strict=True):
                self._answer(pending, answer, now)
        del self._leasing[account_id]
