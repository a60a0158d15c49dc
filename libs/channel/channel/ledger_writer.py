"""One transaction of the ledger at a time, until it is committed: what the database refuses is left out of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy.exc
from prometheus_client import Counter
from psycopg import Cursor
from sqlalchemy import text

from channel import claims, lane_outbox, settlement
from channel.batches import Batch
from channel.claims import Taken
from channel.lane_outbox import LaneMessage
from channel.ledger_work import Outcome, Work, count
from channel.outlets import NOT_STORED
from channel.ports import Event, Ledger
from chassis import erasures
from chassis.database import Database, Fault, Statement, cursor_of, execute_together, fault_of
from chassis.logs import get_logger
from contracts.vocabulary import MessageState

FIRST_BACKOFF, LAST_BACKOFF = 0.1, 5.0
_TRANSACTION: Statement = ("SELECT pg_current_xact_id()::text", ())
UNSTORED = Counter("wici_not_stored_total", "What the database refused, left out of its transaction", ["what"])

log = get_logger()


class LedgerWriter:
    """Writes on one connection at a time; `on_committed(outcome)` is called after each commit."""

    def __init__(
        self, database: Database, ledger: Ledger, instance_id: UUID, on_committed: Callable[[Outcome], None]
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._instance_id = instance_id
        self._on_committed = on_committed

    def commit(self, work: Work) -> None:
        """Until it is done, however long the server is away. Raises what is neither its fault nor a value's."""
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
            # Before any row is locked: whoever erases a person holds this lock and then locks rows.
            ((outcome.transaction,),), _ = execute_together(cursor, (_TRANSACTION, erasures.SHARE))
            events: list[Event] = []
            noted: Sequence[LaneMessage] = ()
            if work.messages:
                events += settlement.settle(cursor, self._ledger, work.messages, careful=careful)
            if work.acknowledgements:
                arrived = [receipt for each in work.acknowledgements for receipt in each.receipts]
                outcome.told = self._ledger.apply_receipts(cursor, arrived, datetime.now(UTC))
                events += outcome.told
            if work.chunks:
                outcome.taken = claims.take(cursor, self._ledger, self._instance_id, work.chunks, lives=True)
                mine = [taken.chunk for taken in outcome.taken if taken.mine]
                noted = self._ledger.note_claims(cursor, self._instance_id, mine)
            claims.delete(cursor, claims_done)
            lane_outbox.forget_published(cursor, work.published)
            self._ledger.tell_beside(cursor, events)
            recorded = lane_outbox.record(cursor, self._instance_id, self._ledger.source, events, outcome.done)
            outcome.to_publish = [*noted, *recorded]
