"""Takes the snapshot of an audience: one statement in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from chassis.database import Database
from contacts.store import jobs
from contacts.usecases import audiences
from contracts.errors import Invalid


def run(database: Database, job: jobs.Job, go_on: Callable[[], bool]) -> bool:
    """A group or segment that is gone by now fails the snapshot, with the reason."""
    now = datetime.now(UTC)
    try:
        with database.transaction() as session:
            total = audiences.take(session, account_id=job.account_id, snapshot_id=job.id, request=job.request, now=now)
            jobs.save(session, job, done=total, total=total)
            jobs.finish(session, job, "done")
    except Invalid as error:
        first = error.errors[0] if error.errors else {"code": error.code, "detail": error.detail}
        with database.transaction() as session:
            jobs.finish(session, job, "failed", {"code": first["code"], "detail": first["detail"]})
    return True
