"""The ledger's thread: one transaction after another over everything that has gathered meanwhile.

Claims, settlements, receipts, delivery events and finished batches of hundreds of messages share a commit. What must
not leave before it is on disk (a claimed chunk to an outlet, the answer to a receipt, the ack of a batch, a lane
message) is handed back to the loop after the commit.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy.exc
from prometheus_client import Counter
from psycopg import Cursor
from sqlalchemy import text

from channel import claims, instances, lane_outbox, settlement
from channel.batches import Batch
from channel.claims import Settled, Taken
from channel.lane_outbox import LaneMessage
from channel.ledger_work import Acknowledgement, Outcome, Work, count
from channel.outlets import NOT_STORED, Chunk, Message
from channel.ports import Event, Ledger
from chassis import erasures
from chassis.database import Database, Fault, cursor_of, fault_of
from chassis.health import Progress, WorkStalled
from chassis.logs import get_logger
from contracts.vocabulary import MessageState

MOST = 5_000  # of each kind in one transaction: some 200 ms of work
MOST_CHUNKS = MOST // 100
FIRST_BACKOFF, LAST_BACKOFF = 0.1, 5.0
REST_SECONDS = 5.0  # nothing to do; whatever is handed in wakes
STALLED_SECONDS = 5.0  # a transaction takes some 200 ms
# With what the outlets may take (`Loop.stop`) and the upkeep, still within the 60 s that Kubernetes gives
# (terminationGracePeriodSeconds): a process that ends before its ledger leaves to a sweeper what it could have told.
STOP_SECONDS = 35.0
UNSTORED = Counter("wici_not_stored_total", "What the database refused, left out of its transaction", ["what"])

log = get_logger()


class LedgerThread:
    """Owns one connection; `on_committed(outcome)` is called on this thread after each commit."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        instance_id: UUID,
        on_committed: Callable[[Outcome], None],
        on_broken: Callable[[], None],
        linger: float,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._instance_id = instance_id
        self._on_committed = on_committed
        self._on_broken = on_broken
        self._linger = linger
        self._chunks: deque[Chunk] = deque()
        self._urgent_chunks: deque[Chunk] = deque()
        self._messages: deque[Sequence[Message]] = deque()
        self._acknowledgements: deque[Acknowledgement] = deque()
        self._elsewhere: deque[tuple[Batch, list[Settled]]] = deque()
        self._published: deque[int] = deque()
        self._urgent = False
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

    def claim(self, chunk: Chunk, *, urgent: bool = False) -> None:
        (self._urgent_chunks if urgent else self._chunks).append(chunk)
        self._urgent = self._urgent or urgent
        self._wake.set()

    def settle(self, messages: Sequence[Message], *, urgent: bool = False) -> None:
        self._messages.append(messages)
        self._urgent = self._urgent or urgent
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
            if not self._urgent and not self._stop.is_set():
                time.sleep(self._linger)
            self._wake.clear()
            self._urgent = False
            # A code leaves once its claim is on disk: it does not wait for a campaign's thousands to be written.
            if urgent := _drain(self._urgent_chunks, MOST_CHUNKS):
                self._commit(Work(chunks=urgent))
            if work := self._gather():
                self._commit(work)

    def _anything(self) -> bool:
        chunks = self._urgent_chunks or self._chunks
        return bool(chunks or self._messages or self._acknowledgements or self._elsewhere or self._published)

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
        claims_done, batches_done = count(work)
        try:
            self._on_committed(self._written(work, claims_done, batches_done))
        except Exception as error:
            if fault_of(error) is not Fault.DATA:
                raise
            self._commit_without_culprits(work, error)
            # Counted as if all had been written together: what is swept or redelivered meanwhile finds it settled.
            rest = Work(published=work.published)
            self._on_committed(self._written(rest, claims_done, batches_done, careful=True))
        self._progress.moved()
        self.on_work()

    def _commit_without_culprits(self, work: Work, error: Exception) -> None:
        """Halve `work` until what the database refuses is alone and left out, so that it stops nothing else."""
        halves = work.halves()
        if not halves:
            self._leave_out(work, error)
            return
        for half in halves:
            try:
                outcome = self._written(half, (), [], careful=True)
            except Exception as again:
                if fault_of(again) is not Fault.DATA:
                    raise
                self._commit_without_culprits(half, again)
            else:
                self._on_committed(outcome)

    def _leave_out(self, work: Work, error: Exception) -> None:
        """One thing that the database refuses: a message is kept without what its peer said, the rest is dropped."""
        reason = str(getattr(getattr(error, "orig", error), "sqlstate", None) or type(error).__name__)
        for message in work.messages:
            log.error("message_not_stored", message_id=message.message_id, reason=reason)
            UNSTORED.labels("message").inc()
            if message.code != NOT_STORED:
                message.code = NOT_STORED
                self._ledger.leave_answer_out(message)
                if message.state is MessageState.SUBMITTED:
                    message.state = MessageState.UNKNOWN
                self._keep_bare(work)
                return
        for acknowledgement in work.acknowledgements:
            log.error("receipt_not_stored", receipts=len(acknowledgement.receipts), reason=reason)
            UNSTORED.labels("receipt").inc()
        for chunk in work.chunks:
            log.error("chunk_not_claimed", batch_id=chunk.batch.header.batch_id, reason=reason)
            UNSTORED.labels("chunk").inc()
        rejected = [Taken(chunk, [], [(MessageState.REJECTED, None)] * len(chunk.asked), []) for chunk in work.chunks]
        self._on_committed(Outcome(work, taken=rejected))

    def _keep_bare(self, work: Work) -> None:
        """A second try of one message, in a form that its peer has no part in."""
        try:
            outcome = self._written(work, (), [], careful=True)
        except Exception as error:
            if fault_of(error) is not Fault.DATA:
                raise
            self._leave_out(work, error)
        else:
            self._on_committed(outcome)

    def _written(
        self, work: Work, claims_done: Sequence[UUID], batches_done: list[Batch], *, careful: bool = False
    ) -> Outcome:
        """Write `work` however long the server is away. Raises what is not the server's fault."""
        backoff = FIRST_BACKOFF
        while True:
            outcome = Outcome(work, done=batches_done)
            try:
                self._transaction(outcome, claims_done, careful=careful)
                return outcome
            except (psycopg.errors.UniqueViolation, sqlalchemy.exc.IntegrityError):
                if careful:
                    raise
                careful = True
            except Exception as error:
                if fault_of(error) is not Fault.SERVER:
                    raise
                log.warning("ledger_unavailable", error=error)
                time.sleep(backoff)
                backoff = min(backoff * 2, LAST_BACKOFF)
                if outcome.transaction and self._was_committed(outcome.transaction):
                    return outcome

    def _was_committed(self, transaction: str) -> bool:
        """Whether a transaction whose answer was lost took place: written again, what it put off could go twice."""
        backoff = FIRST_BACKOFF
        while True:
            try:
                with self._database.transaction() as session:
                    status = session.scalar(text("SELECT pg_xact_status(CAST(:id AS xid8))"), {"id": transaction})
            except Exception as error:
                if fault_of(error) is not Fault.SERVER:
                    raise
                status = "in progress"
            if status != "in progress":
                return bool(status == "committed")
            time.sleep(backoff)
            backoff = min(backoff * 2, LAST_BACKOFF)

    def _transaction(self, outcome: Outcome, claims_done: Sequence[UUID], *, careful: bool) -> None:
        work = outcome.work
        with self._database.transaction() as session:
            cursor: Cursor[Any] = cursor_of(session)
            cursor.execute("SELECT pg_current_xact_id()::text")
            ((outcome.transaction,),) = cursor.fetchall()
            # Before any row is locked: whoever erases a person holds this lock and then locks rows.
            erasures.share(session)
            events: list[Event] = []
            noted: Sequence[LaneMessage] = ()
            if work.messages:
                events += settlement.settle(cursor, self._ledger, work.messages, careful=careful)
            if work.acknowledgements:
                arrived = [receipt for each in work.acknowledgements for receipt in each.receipts]
                outcome.told = self._ledger.apply_receipts(cursor, arrived, datetime.now(UTC))
                events += outcome.told
            if work.chunks:
                # Nobody may think this instance dead while it claims.
                instances.renew_lease(cursor, self._instance_id)
                outcome.taken = claims.take(cursor, self._ledger, self._instance_id, work.chunks)
                mine = [taken.chunk for taken in outcome.taken if taken.mine]
                noted = self._ledger.note_claims(cursor, self._instance_id, mine)
            claims.delete(cursor, claims_done)
            lane_outbox.forget_published(cursor, work.published)
            self._ledger.tell_beside(cursor, events)
            recorded = lane_outbox.record(cursor, self._instance_id, self._ledger.source, events, outcome.done)
            outcome.to_publish = [*noted, *recorded]


def _drain(queue: deque[Any], most: int) -> list[Any]:
    return [queue.popleft() for _ in range(min(most, len(queue)))]
