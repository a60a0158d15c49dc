"""One worker: claims a job, runs it, gives it back when its turn is over.

A job runs for at most `TURN_SECONDS` while others wait, so that a list of a million rows does not hold up one of ten;
and no longer than `SHORTEST_TURN` while an account waits of which nothing runs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from chassis.database import Database, Fault, fault_of
from chassis.health import Progress
from chassis.ids import new_id
from chassis.logs import bind, get_logger
from chassis.waking import REST_SECONDS, Waker
from contacts.exceptions import FileRefused, JobCancelled, LeaseLost, TryLater
from contacts.jobs import (
    bulk,
    combinations,
    erasures,
    exports,
    imports,
    leftovers,
    person_exports,
    snapshots,
    suppressions,
)
from contacts.jobs.other_services import Ask
from contacts.store import files as file_store
from contacts.store import jobs as store
from contacts.store import submissions as submission_store

# While there are jobs that nobody may claim yet (turns, leases, retries); without any, workers rest until one is added.
POLL_SECONDS = 0.25
TURN_SECONDS = 3.0
SHORTEST_TURN = 0.25
RENEW_SECONDS = 2.0
SWEEP_SECONDS = 600.0

GIVEN_UP = Counter("wici_jobs_given_up_total", "Jobs that failed too often at the same place, by kind", ["kind"])

log = get_logger()

# Runs the job; True when it is finished, False when it gives its turn back.
Runner = Callable[[Database, store.Job, Callable[[], bool]], bool]


def _run_import(database: Database, job: store.Job, go_on: Callable[[], bool]) -> bool:
    runner = suppressions if job.request["options"].get("archive") else imports
    return runner.run(database, job, go_on)


RUNNERS: dict[str, Runner] = {
    "import": _run_import,
    "export": exports.run,
    "snapshot": snapshots.run,
    "forget_group": leftovers.forget_group,
    "forget_field": leftovers.forget_field,
}


def runners_that_ask(ask: Ask) -> dict[str, Runner]:
    """The runners, with those that ask other services."""
    asked: dict[str, Runner] = {
        "bulk": partial(bulk.run, ask=ask),
        "combination": partial(combinations.run, ask=ask),
        "erasure": partial(erasures.run, ask=ask),
        "person_export": partial(person_exports.run, ask=ask),
    }
    return {**RUNNERS, **asked}


CLEANERS: dict[str, Callable[[Session, store.Job], None]] = {
    "import": imports.clean,
    "bulk": bulk.clean,
    "combination": combinations.clean,
}


class JobLeases:
    """Prolongs the leases of all jobs that run in this process, so that one long statement does not lose its job."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._jobs: dict[UUID, store.Job] = {}
        self._lock = threading.Lock()

    def add(self, job: store.Job) -> None:
        with self._lock:
            self._jobs[job.id] = job

    def remove(self, job: store.Job) -> None:
        with self._lock:
            self._jobs.pop(job.id, None)

    def renew(self) -> None:
        """Prolong the lease of every job that was added."""
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            with self._database.transaction() as session:
                store.renew_lease(session, job)


def sweep(database: Database) -> None:
    """Delete files, jobs and submissions whose time is over; any number of processes may."""
    with database.transaction() as session:
        file_store.delete_expired(session)
        store.forget_old(session)
        submission_store.sweep(session, now=datetime.now(UTC))


class _Turn:
    """A job's turn: whose it is, since when, and when to look next who waits."""

    def __init__(self, account_id: UUID, began: float) -> None:
        self.account_id, self.began, self.looks_at = account_id, began, began + min(SHORTEST_TURN, TURN_SECONDS)


class Worker:
    """Runs one job at a time."""

    def __init__(
        self, database: Database, leases: JobLeases, stop: threading.Event, runners: Mapping[str, Runner] = RUNNERS,
        waker: Waker | None = None,
    ) -> None:  # fmt: skip
        self._database = database
        self._leases = leases
        self._stop = stop
        self._runners = runners
        self._waker = waker or Waker(database, store.JOBS)
        self.progress = Progress()

    def run(self) -> None:
        while not self._stop.is_set():
            try:
                job = self._claim()
                is_any_open = job is not None or self._is_any_open()
            except Exception as error:
                log.warning("claim_failed", error=error)
                self.progress.waits()
                self._stop.wait(1.0)
                continue
            if job is None:
                self.progress.moved()
                self._stop.wait(POLL_SECONDS) if is_any_open else self._waker.wait(REST_SECONDS)
                continue
            self._waker.set()  # where one was, there may be more: the next worker looks too
            self._leases.add(job)
            try:
                self._perform(job)
            finally:
                self._leases.remove(job)
        self._waker.set()  # the next worker is to see the end too

    def _claim(self) -> store.Job | None:
        # A new owner for every claim: the lease of an earlier turn can never be taken for this one's.
        with self._database.transaction() as session:
            return store.claim(session, new_id())

    def _is_any_open(self) -> bool:
        with self._database.reading() as session:
            return store.any_open(session)

    def _perform(self, job: store.Job) -> None:
        bind(account_id=str(job.account_id), trace_id=str(job.id))
        if job.attempts > (most := store.max_attempts(job.kind)):
            detail = f"The work failed {most} times at the same place, the last time with: {job.failure}."
            log.error("job_given_up", kind=job.kind, job_id=str(job.id), failure=job.failure)
            GIVEN_UP.labels(job.kind).inc()
            self._end(job, "failed", {"code": store.GIVEN_UP, "detail": detail})
            return
        turn = _Turn(job.account_id, time.monotonic())
        try:
            finished = self._runners[job.kind](self._database, job, lambda: self._go_on(turn))
            self.progress.moved()
            if finished:
                log.info("job_done", kind=job.kind, job_id=str(job.id))
            else:
                with self._database.transaction() as session:
                    store.give_back(session, job)
        except LeaseLost:
            log.warning("lease_lost", kind=job.kind, job_id=str(job.id))
        except JobCancelled:
            self._end(job, "cancelled", None)
        except TryLater as later:
            with self._database.transaction() as session:
                store.put_off(session, job, later.seconds)
        except FileRefused as refused:
            self._end(job, "failed", {"code": refused.code, "detail": refused.detail})
        except Exception as error:
            # A deadlock with somebody's edit, a lost connection: tried again from the last checkpoint.
            log.exception("job_failed", kind=job.kind, job_id=str(job.id), attempts=job.attempts)
            # A job that fails by itself says nothing of the process.
            self.progress.waits() if fault_of(error) is Fault.SERVER else self.progress.moved()
            cause = error.orig if isinstance(error, DBAPIError) else error
            self._let_go(job, type(cause).__name__)  # its words may hold somebody's address

    def _let_go(self, job: store.Job, failure: str) -> None:
        try:
            with self._database.transaction() as session:
                store.retry_later(session, job, failure)
        except Exception as error:
            log.warning("job_not_let_go", job_id=str(job.id), error=error)  # its lease runs out instead

    def _go_on(self, turn: _Turn) -> bool:
        if self._stop.is_set():
            return False
        now = time.monotonic()
        if now < turn.looks_at:
            return True
        turn.looks_at = now + SHORTEST_TURN
        with self._database.reading() as session:
            if now < turn.began + TURN_SECONDS:
                return not store.newcomers_wait(session, turn.account_id)
            return not store.others_wait(session)

    def _end(self, job: store.Job, state: str, error: dict[str, str] | None) -> None:
        try:
            with self._database.transaction() as session:
                store.finish(session, job, state, error)
                if job.kind in CLEANERS:
                    CLEANERS[job.kind](session, job)
        except LeaseLost:
            return
        log.info("job_ended", kind=job.kind, job_id=str(job.id), state=state, code=(error or {}).get("code"))
