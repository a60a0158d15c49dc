"""A thread of the ledger: one transaction after another over everything that has gathered meanwhile.

Claims, settlements, receipts, delivery events and finished batches of hundreds of messages share a commit. What must
not leave before it is on disk (a claimed chunk to an outlet, the answer to a receipt, the ack of a batch, a lane
message) is handed back to the loop after the commit. What is urgent is claimed by a second such thread, which waits for
none of the first one's transactions (`Loop.claims_at_once`, decision 0267).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from channel.batches import Batch
from channel.claims import Settled
from channel.ledger_work import Acknowledgement, Outcome, Work
from channel.ledger_writer import LedgerWriter
from channel.outlets import Chunk, Message
from channel.ports import Ledger
from chassis.database import Database
from chassis.health import Progress, WorkStalled
from chassis.logs import get_logger

MOST = 5_000  # of each kind in one transaction: some 200 ms of work
MOST_CHUNKS = MOST // 100
REST_SECONDS = 5.0  # nothing to do; whatever is handed in wakes
STALLED_SECONDS = 5.0  # a transaction takes some 200 ms
# With what the outlets may take (`Loop.stop`) and the upkeep, still within the 60 s that Kubernetes gives
# (terminationGracePeriodSeconds): a process that ends before its ledger leaves to a sweeper what it could have told.
STOP_SECONDS = 35.0

log = get_logger()


class LedgerThread:
    """`on_committed(outcome)` is called on this thread after each commit."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        instance_id: UUID,
        on_committed: Callable[[Outcome], None],
        on_broken: Callable[[], None],
        linger: float,
    ) -> None:
        self._writer = LedgerWriter(database, ledger, instance_id, on_committed)
        self._on_broken = on_broken
        self._linger = linger
        self._chunks: deque[Chunk] = deque()
        self._messages: deque[Sequence[Message]] = deque()
        self._acknowledgements: deque[Acknowledgement] = deque()
        self._elsewhere: deque[tuple[Batch, list[Settled]]] = deque()
        self._published: deque[int] = deque()
        # Called after each commit: there may be something in the retry schedule now, or among what was put off.
        self.on_work: Callable[[], object] = lambda: None
        self._progress = Progress(STALLED_SECONDS)
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = STOP_SECONDS) -> bool:
        """Commit what is there and end; False where outcomes are not on disk by then, `timeout` seconds at most.

        Lane messages that are confirmed later do not matter: their rows are published once more.
        """
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout)
        return not self._thread.is_alive() and not self._messages

    def check(self) -> None:
        """Raises while what has gathered cannot be committed."""
        self._progress.check()
        if not self._thread.is_alive():
            raise WorkStalled

    # --- called from other threads; deques are safe to append to

    def claim(self, chunk: Chunk) -> None:
        self._chunks.append(chunk)
        self._wake.set()

    def settle(self, messages: Sequence[Message]) -> None:
        self._messages.append(messages)
        self._wake.set()

    def receive(self, acknowledgement: Acknowledgement) -> None:
        self._acknowledgements.append(acknowledgement)
        self._wake.set()

    def count_elsewhere(self, batch: Batch, outcomes: list[Settled]) -> None:
        self._elsewhere.append((batch, outcomes))
        self._wake.set()

    def published(self, position: int) -> None:
        # No wake: the row can wait for the next transaction that has other work, or for the rest's end.
        self._published.append(position)

    # --- the thread

    def _run(self) -> None:
        try:
            self._loop()
        except Exception:
            # What was gathered is not lost: its batches and receipts are unanswered, its claims go to a sweeper.
            log.exception("ledger_failed")
            self._on_broken()

    def _loop(self) -> None:
        while not (self._stop.is_set() and not self._anything()):
            self._wake.wait(REST_SECONDS)
            if self._linger and not self._stop.is_set():
                time.sleep(self._linger)
            self._wake.clear()
            if work := self._gather():
                self._commit(work)

    def _anything(self) -> bool:
        return bool(self._chunks or self._messages or self._acknowledgements or self._elsewhere or self._published)

    def _gather(self) -> Work:
        work = Work()
        work.chunks = _drain(self._chunks, MOST_CHUNKS)
        # Receipts are counted first and gathered last: whatever answer came before one of them is in this transaction
        # or was in an earlier one. So there is no limit on messages here; the loop keeps one.
        arrived = len(self._acknowledgements)
        while self._messages:
            work.messages += self._messages.popleft()
        count = 0
        for _ in range(arrived):
            if count >= MOST:
                break
            acknowledgement = self._acknowledgements.popleft()
            count += len(acknowledgement.receipts)
            work.acknowledgements.append(acknowledgement)
        work.settled_elsewhere = _drain(self._elsewhere, MOST)
        work.published = _drain(self._published, MOST)
        if self._anything():
            self._wake.set()
        return work

    def _commit(self, work: Work) -> None:
        self._progress.waits()
        self._writer.commit(work)
        self._progress.moved()
        self.on_work()


def _drain(queue: deque[Any], most: int) -> list[Any]:
    return [queue.popleft() for _ in range(min(most, len(queue)))]
