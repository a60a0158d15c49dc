"""What a deleted group or field leaves behind: nobody sees it any more, and it goes a batch at a time."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from chassis.database import Database
from contacts.store import fields, groups, jobs

BATCH = 5_000


def forget_group(database: Database, job: jobs.Job, go_on: Callable[[], bool]) -> bool:
    """Delete the memberships of a deleted group. Harmless twice: a batch is whatever is left."""
    group_id = UUID(job.request["group_id"])
    gone = job.checkpoint.setdefault("gone", 0)
    while True:
        with database.transaction() as session:
            batch = groups.forget_members(session, account_id=job.account_id, group_id=group_id, limit=BATCH)
            gone = job.checkpoint["gone"] = gone + batch
            jobs.save(session, job, done=gone, total=None)
            if batch < BATCH:
                jobs.finish(session, job, "done")
                return True
        if not go_on():
            return False


def forget_field(database: Database, job: jobs.Job, go_on: Callable[[], bool]) -> bool:
    """Take a deleted field's values out of the contacts, by the order of their ids."""
    while True:
        after = job.checkpoint.get("after")
        with database.transaction() as session:
            last, seen = fields.forget_values(
                session, account_id=job.account_id, slot=job.request["slot"], after=after and UUID(after), limit=BATCH
            )
            job.checkpoint.update(after=last and str(last), seen=job.checkpoint.get("seen", 0) + seen)
            jobs.save(session, job, done=job.checkpoint["seen"], total=None)
            if last is None:
                jobs.finish(session, job, "done")
                return True
        if not go_on():
            return False
