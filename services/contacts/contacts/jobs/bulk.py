"""Runs an act on many contacts: choose whom, once; then a piece at a time, each together with its checkpoint."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from chassis.database import Database
from contacts.exceptions import FileRefused
from contacts.jobs.other_services import RECIPIENTS_AT_ONCE, Ask, recipients_page
from contacts.store import bulk as store
from contacts.store import jobs
from contacts.usecases import bulk, bulk_acts
from contracts.errors import Invalid

PIECE = RECIPIENTS_AT_ONCE


def run(database: Database, job: jobs.Job, go_on: Callable[[], bool], *, ask: Ask) -> bool:
    """Go on for as long as `go_on()`; True when it is finished. A group or segment that is gone by now fails it.

    :raises TryLater: it is about a report, and reporting does not answer.
    """
    try:
        if "who" in job.request:
            return _archive_report(database, job, go_on, ask)
        if job.request["dry_run"]:
            return _count(database, job)
        if "fitting" not in job.checkpoint:
            _choose(database, job)
        while _act(database, job):
            if not go_on():
                return False
        return True
    except Invalid as error:
        first = error.errors[0] if error.errors else {"code": error.code, "detail": error.detail}
        raise FileRefused(first["code"], first["detail"]) from None


def clean(session: Session, job: jobs.Job) -> None:
    """When it ends in any way, the table of the chosen goes, and the audit trail is told."""
    store.drop(session, bulk_id=job.id)
    bulk.record_end(session, job)


def _count(database: Database, job: jobs.Job) -> bool:
    with database.transaction() as session:
        counts = bulk_acts.count(session, account_id=job.account_id, request=job.request)
        job.checkpoint.update(counts)
        store.forget_filter(session, bulk_id=job.id)
        jobs.save(session, job, done=counts["fitting"], total=counts["fitting"])
        jobs.finish(session, job, "done")
    return True


def _choose(database: Database, job: jobs.Job) -> None:
    with database.transaction() as session:
        fitting = bulk_acts.choose(session, account_id=job.account_id, bulk_id=job.id, request=job.request)
        job.checkpoint.update(fitting=fitting, changed=0, position=0)
        store.forget_filter(session, bulk_id=job.id)
        jobs.save(session, job, done=0, total=fitting)


def _archive_report(database: Database, job: jobs.Job, go_on: Callable[[], bool], ask: Ask) -> bool:
    """Archive addresses to which a campaign went: a page of its report at a time."""
    state = job.checkpoint
    while True:
        read = state.get("fitting", 0)
        page = recipients_page(database, job, ask, done=read, read=read)
        with database.transaction() as session:
            changed = bulk_acts.archive_recipients(
                session, account_id=job.account_id, bulk_id=job.id, request=job.request, recipients=page["items"]
            )
            state.update(
                cursor=page["next_cursor"],
                fitting=read + len(page["items"]),
                changed=state.get("changed", 0) + changed,
            )
            jobs.save(session, job, done=state["fitting"], total=None)
            if page["next_cursor"] is None:
                jobs.finish(session, job, "done")
                clean(session, job)
                return True
        if not go_on():
            return False


def _act(database: Database, job: jobs.Job) -> bool:
    """Do the next piece; False when there is none, and the job has ended."""
    state = job.checkpoint
    with database.transaction() as session:
        piece = store.chosen(session, bulk_id=job.id, after=state["position"], limit=PIECE)
        if piece:
            state["changed"] += bulk_acts.act_on(
                session, account_id=job.account_id, bulk_id=job.id, request=job.request, chosen_ids=piece
            )
            state["position"] += len(piece)
            jobs.save(session, job, done=state["position"], total=state["fitting"])
        else:
            jobs.finish(session, job, "done")
            clean(session, job)
    return bool(piece)
