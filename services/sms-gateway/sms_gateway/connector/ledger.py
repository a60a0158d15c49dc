"""The ledger's thread: one transaction after another over everything that has gathered meanwhile.

Claims, settlements, receipts, delivery events and finished batches of hundreds of messages share a commit. What must
not leave before it is on disk (a claimed chunk to a carrier, the answer to a receipt, the ack of a batch, a lane
message) is handed back to the loop after the commit.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy.exc
from psycopg import Cursor

from chassis import erasures
from chassis.database import Database, cursor_of
from chassis.logs import get_logger
from chassis.waking import Waker
from sms_gateway.store import claims, receipts, settlement
from sms_gateway.store.claims import Taken
from sms_gateway.store.receipts import Arrived
from sms_gateway.work import Batch, Chunk, Claim, Message

MOST = 5_000  # of each kind in one transaction: some 200 ms of work
FIRST_BACKOFF, LAST_BACKOFF = 0.1, 5.0
BROKEN = (
    psycopg.OperationalError,
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    psycopg.InterfaceError,
)

log = get_logger()


@dataclass
class Acknowledgement:
    """Receipts and whom to answer once they are on disk."""

    receipts: list[Arrived]
    acknowledge: Callable[[], None]


@dataclass
class Work:
    """What one transaction takes in."""

    chunks: list[Chunk] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    acknowledgements: list[Acknowledgement] = field(default_factory=list)
    # Batches some of whose recipients somebody else had settled: state by state.
    settled_elsewhere: list[tuple[Batch, list[str]]] = field(default_factory=list)
    published: list[int] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.chunks or self.messages or self.acknowledgements or self.settled_elsewhere or self.published)


@dataclass
class Outcome:
    """What the loop may do now that it is committed."""

    work: Work
    taken: list[Taken] = field(default_factory=list)
    done: list[Batch] = field(default_factory=list)
    to_publish: list[tuple[int, str, bytes]] = field(default_factory=list)


class LedgerThread:
    """Owns one connection; `on_committed(outcome)` is called on this thread after each commit."""

    def __init__(
        self,
        database: Database,
        instance_id: UUID,
        on_committed: Callable[[Outcome], None],
        on_broken: Callable[[], None],
        linger: float,
    ) -> None:
        self._database = database
        self._instance_id = instance_id
        self._on_committed = on_committed
        self._on_broken = on_broken
        self._linger = linger
        self._chunks: deque[Chunk] = deque()
        self._messages: deque[list[Message]] = deque()
        self._acknowledgements: deque[Acknowledgement] = deque()
        self._elsewhere: deque[tuple[Batch, list[str]]] = deque()
        self._published: deque[int] = deque()
        self._urgent = False
        self.keeper: Waker | None = None
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Commit what is there and end."""
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout)

    # --- called from other threads; deques are safe to append to

    def claim(self, chunk: Chunk, *, urgent: bool = False) -> None:
        self._chunks.append(chunk)
        self._urgent = self._urgent or urgent
        self._wake.set()

    def settle(self, messages: list[Message], *, urgent: bool = False) -> None:
        self._messages.append(messages)
        self._urgent = self._urgent or urgent
        self._wake.set()

    def receive(self, acknowledgement: Acknowledgement) -> None:
        self._acknowledgements.append(acknowledgement)
        self._wake.set()

    def count_elsewhere(self, batch: Batch, states: list[str]) -> None:
        self._elsewhere.append((batch, states))
        self._wake.set()

    def published(self, position: int) -> None:
        # No wake: the row can wait for the next transaction that has other work, or the half-second's turn.
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
            self._wake.wait(0.5)
            if not self._urgent and not self._stop.is_set():
                time.sleep(self._linger)
            self._wake.clear()
            self._urgent = False
            work = self._gather()
            if work:
                self._commit(work)

    def _anything(self) -> bool:
        return bool(self._chunks or self._messages or self._acknowledgements or self._elsewhere or self._published)

    def _gather(self) -> Work:
        work = Work()
        work.chunks = _drain(self._chunks, MOST // 100)
        # Receipts are counted first and gathered last: whatever answer came before one of them is in this transaction
        # or was in an earlier one. So there is no limit on messages here; the engine keeps one.
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
        claims_done, batches_done = _count(work)
        backoff, careful = FIRST_BACKOFF, False
        while True:
            try:
                outcome = self._transaction(work, claims_done, batches_done, careful=careful)
                break
            except (psycopg.errors.UniqueViolation, sqlalchemy.exc.IntegrityError):
                if careful:
                    raise
                careful = True
            except BROKEN as error:
                log.warning("ledger_unavailable", error=type(error).__name__)
                time.sleep(backoff)
                backoff = min(backoff * 2, LAST_BACKOFF)
                # The commit may have arrived and its answer been lost.
                careful = True
        self._on_committed(outcome)
        if self.keeper is not None:
            self.keeper.set()  # there may be something in the retry schedule now, or among the parked receipts

    def _transaction(
        self, work: Work, claims_done: Sequence[UUID], batches_done: list[Batch], *, careful: bool
    ) -> Outcome:
        outcome = Outcome(work, done=batches_done)
        with self._database.transaction() as session:
            cursor: Cursor[Any] = cursor_of(session)
            # Before any row is locked: whoever erases a person holds this lock and then locks rows.
            erasures.share(session)
            events: list[dict[str, Any]] = []
            if work.messages:
                events += settlement.settle(cursor, work.messages, careful=careful)
            if work.acknowledgements:
                arrived = [receipt for each in work.acknowledgements for receipt in each.receipts]
                events += receipts.apply(cursor, arrived, datetime.now(UTC))
            if work.chunks:
                outcome.taken = claims.take(cursor, self._instance_id, work.chunks)
            claims.delete(cursor, claims_done)
            settlement.forget_published(cursor, work.published)
            outcome.to_publish = settlement.record_lanes(cursor, self._instance_id, events, batches_done)
        return outcome


def _drain(queue: deque[Any], most: int) -> list[Any]:
    return [queue.popleft() for _ in range(min(most, len(queue)))]


def _count(work: Work) -> tuple[list[UUID], list[Batch]]:
    """Count what is settled; returns the claims and the batches that end with this."""
    claims_done: list[UUID] = []
    touched: dict[int, Batch] = {}
    for message in work.messages:
        claim, batch = message.chunk.claim, message.chunk.batch
        assert isinstance(claim, Claim) and message.state is not None
        claim.unsettled -= 1
        if not claim.unsettled:
            claims_done.append(claim.claim_id)
        batch.settle(message.state)
        touched[id(batch)] = batch
    for batch, states in work.settled_elsewhere:
        for state in states:
            batch.settle(settlement.MessageState(state))
        touched[id(batch)] = batch
    return claims_done, [batch for batch in touched.values() if batch.unsettled == 0]
