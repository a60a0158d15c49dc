"""Makes new groups of old ones: chooses whom, once; puts them in piece by piece; shows the groups when all are in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from uuid import UUID

from sqlalchemy.orm import Session

from chassis.database import Database
from contacts.exceptions import FileRefused
from contacts.jobs.other_services import Ask, recipients_page
from contacts.store import bulk as store
from contacts.store import jobs
from contacts.usecases import combinations
from contracts.contacts.groups import GroupOperation
from contracts.errors import Conflict, Invalid

PIECE = 5_000


def run(database: Database, job: jobs.Job, go_on: Callable[[], bool], *, ask: Ask) -> bool:
    """Go on for as long as `go_on()`; True when it is finished.

    :raises FileRefused: a group or a field is gone by now, or another group has the name.
    :raises TryLater: reporting does not answer.
    """
    is_report = job.request["operation"] == GroupOperation.REPORT
    try:
        while _of_report(database, job, ask) if is_report else _piece(database, job):
            if not go_on():
                return False
        return True
    except (Invalid, Conflict) as error:
        first = error.errors[0] if error.errors else {"code": error.code, "detail": error.detail}
        raise FileRefused(first["code"], first["detail"]) from None


def clean(session: Session, job: jobs.Job) -> None:
    """When it failed or was cancelled."""
    store.drop(session, bulk_id=job.id)
    combinations.give_up(session, job)


def _piece(database: Database, job: jobs.Job) -> bool:
    """Put the next piece where it belongs; False when there is none, and the groups are there."""
    state = job.checkpoint
    with database.transaction() as session:
        if "ends" not in state:
            state.update(ends=combinations.choose(session, job), position=0)
            store.forget_filter(session, bulk_id=job.id)
        position, ends = state["position"], state["ends"]
        if position == ends[-1]:
            _end(session, job, total=position)
            return False
        at = bisect_right(ends, position)
        chosen = store.chosen(session, bulk_id=job.id, after=position, limit=min(PIECE, ends[at] - position))
        combinations.put(session, account_id=job.account_id, target=job.request["targets"][at], contact_ids=chosen)
        state["position"] += len(chosen)
        jobs.save(session, job, done=state["position"], total=ends[-1])
    return True


def _of_report(database: Database, job: jobs.Job, ask: Ask) -> bool:
    """The same with the next page of a report, which is asked for between two transactions."""
    state = job.checkpoint
    page = recipients_page(database, job, ask, done=state.get("members", 0), read=state.get("read", 0))
    with database.transaction() as session:
        contact_ids = sorted({UUID(str(one["contact_id"])) for one in page["items"] if one["contact_id"]})
        [target] = job.request["targets"]
        added = combinations.put(session, account_id=job.account_id, target=target, contact_ids=contact_ids)
        state.update(cursor=page["next_cursor"], members=state.get("members", 0) + added)
        state["read"] = state.get("read", 0) + len(page["items"])
        jobs.save(session, job, done=state["members"], total=None, reached=[state["read"]])
        if page["next_cursor"] is None:
            _end(session, job, total=state["members"])
    return page["next_cursor"] is not None


def _end(session: Session, job: jobs.Job, *, total: int) -> None:
    combinations.show(session, job)
    store.drop(session, bulk_id=job.id)
    jobs.save(session, job, done=total, total=total, reached=[total + 1])
    jobs.finish(session, job, "done")
