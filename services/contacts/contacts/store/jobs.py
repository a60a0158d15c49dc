"""Long work: claimed by lease, checkpointed, given back.

Every claim is an attempt. Attempts are counted from the last one that came further than any before it: work that fails
at the same place is given up, work that goes on is not, however often its process dies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from chassis import waking
from chassis.database import changed
from contacts.exceptions import JobCancelled, LeaseLost

# What the workers wait for.
JOBS = "jobs"
LEASE = "interval '10 seconds'"
MAX_ATTEMPTS = 5  # with the waits between them, about a minute
# A person's erasure is a duty; it is tried for an hour before somebody has to look at it.
ERASURE_ATTEMPTS = 20
RETRY_MOST = 300
GIVEN_UP = "job.failed"  # the code of a job's error
DIED = "(jobs.checkpoint ? 'died' OR (jobs.state = 'running' AND jobs.lease_owner IS NOT NULL))"


@dataclass
class Job:
    """One claimed job. `checkpoint` is what a process that takes over goes on from."""

    id: UUID
    account_id: UUID
    kind: str
    request: dict[str, Any]
    checkpoint: dict[str, Any]
    owner: UUID
    attempts: int

    @property
    def failure(self) -> str:
        """What the last attempt failed with; of one whose process died there is no word."""
        return str(self.checkpoint.get("failure", "no word of its process"))


def max_attempts(kind: str) -> int:
    return ERASURE_ATTEMPTS if kind == "erasure" else MAX_ATTEMPTS


def add(
    session: Session,
    *,
    job_id: UUID,
    account_id: UUID,
    kind: str,
    request: Mapping[str, Any],
    created_by: str | None = None,
) -> bool:
    """Queue a job; False where one with this id is there already."""
    rows = changed(
        session,
        "INSERT INTO jobs (id, account_id, kind, request, created_by)"
        " VALUES (:id, :account, :kind, :request, :by) ON CONFLICT DO NOTHING",
        id=job_id, account=account_id, kind=kind, request=orjson.dumps(request).decode(), by=created_by,
    )  # fmt: skip
    waking.wake(session, JOBS)
    return rows > 0


def kind_of(session: Session, *, job_id: UUID) -> str | None:
    kind: str | None = session.scalar(text("SELECT kind FROM jobs WHERE id = :id"), {"id": job_id})
    return kind


def find(session: Session, *, account_id: UUID, kind: str, job_id: UUID) -> RowMapping | None:
    return (
        session.execute(
            text("SELECT * FROM jobs WHERE id = :id AND account_id = :account AND kind = :kind"),
            {"id": job_id, "account": account_id, "kind": kind},
        )
        .mappings()
        .one_or_none()
    )


def find_any(session: Session, *, account_id: UUID, job_id: UUID) -> RowMapping | None:
    """The account's job of this id, of whatever kind."""
    query = text("SELECT * FROM jobs WHERE id = :id AND account_id = :account")
    return session.execute(query, {"id": job_id, "account": account_id}).mappings().one_or_none()


def request_cancel(session: Session, *, account_id: UUID, kind: str, job_id: UUID) -> None:
    """A waiting job ends at once, a running one at its next checkpoint."""
    session.execute(
        text(
            "UPDATE jobs SET cancel_requested = true WHERE id = :id AND account_id = :account AND kind = :kind"
            " AND state IN ('waiting', 'running')"
        ),
        {"id": job_id, "account": account_id, "kind": kind},
    )


def claim(session: Session, owner: UUID) -> Job | None:
    """The next job, fair between accounts: audiences first, then the account with least running, then the oldest.

    A running job whose lease has run out belongs to a dead process and is claimed like a waiting one. It is a suspect
    until it has come further, and suspects run one at a time: of those that ran side by side, one killed the process,
    and together they would all be given up. An account runs one import at a time: two would only wait for one another,
    row by row.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('claim'))"))  # a claim sees those before it
    row = (
        session.execute(
            text(
                f"""
                UPDATE jobs SET state = 'running', lease_owner = :owner, lease_until = now() + {LEASE},
                       attempts = attempts + 1, started_at = coalesce(started_at, now()),
                       checkpoint = CASE WHEN {DIED} THEN checkpoint || '{{"died": true}}' ELSE checkpoint END
                WHERE id = (
                    SELECT j.id FROM jobs j
                    WHERE (j.state = 'waiting' OR (j.state = 'running' AND j.lease_until < now()))
                        AND NOT ({DIED.replace("jobs", "j")} AND EXISTS (
                            SELECT 1 FROM jobs r WHERE r.state = 'running' AND r.lease_until >= now()
                                AND r.checkpoint ? 'died'))
                        AND NOT (j.kind = 'import' AND EXISTS (
                            SELECT 1 FROM jobs r WHERE r.account_id = j.account_id AND r.kind = 'import'
                                AND r.id <> j.id AND r.state = 'running' AND r.lease_until >= now()))
                    ORDER BY (j.kind NOT IN ('snapshot', 'erasure')),
                             (SELECT count(*) FROM jobs r WHERE r.account_id = j.account_id AND r.state = 'running'
                                AND r.lease_until >= now()),
                             j.queued_at
                    FOR UPDATE SKIP LOCKED LIMIT 1)
                RETURNING id, account_id, kind, request, checkpoint, attempts
                """
            ),
            {"owner": owner},
        )
        .mappings()
        .one_or_none()
    )
    return Job(**row, owner=owner) if row else None


def any_open(session: Session) -> bool:
    """Whether a job waits or runs: one that nobody may claim yet can be claimed in a moment."""
    return bool(session.scalar(text("SELECT EXISTS (SELECT FROM jobs WHERE state IN ('waiting', 'running'))")))


def renew_lease(session: Session, job: Job) -> bool:
    """Prolong the lease; False where it is lost."""
    rows = changed(
        session,
        f"UPDATE jobs SET lease_until = now() + {LEASE} WHERE id = :id AND lease_owner = :owner AND state = 'running'",
        id=job.id, owner=job.owner,
    )  # fmt: skip
    return rows > 0


def save(session: Session, job: Job, *, done: int, total: int | None, reached: Sequence[int] = ()) -> None:
    """Store the checkpoint in the transaction of the work it tells of.

    :param reached: how far the work is where `done` does not say it; compared from its first number on.
    :raises LeaseLost: the job is another's now, and this transaction must not commit.
    :raises JobCancelled: somebody asked for its end.
    """
    further = _is_further(job, [*reached] or [done])
    cancelled = session.scalar(
        text(
            f"UPDATE jobs SET checkpoint = :checkpoint, done = :done, total = :total, lease_until = now() + {LEASE},"
            " attempts = CASE WHEN :further THEN 1 ELSE attempts END"
            " WHERE id = :id AND lease_owner = :owner AND state = 'running' RETURNING cancel_requested"
        ),
        {
            "id": job.id,
            "owner": job.owner,
            "checkpoint": orjson.dumps(job.checkpoint).decode(),
            "done": done,
            "total": total,
            "further": further,
        },
    )
    if cancelled is None:
        raise LeaseLost
    if cancelled:
        raise JobCancelled


def _is_further(job: Job, reached: list[int]) -> bool:
    """Whether no attempt has come so far before; then it is the mark for those to come."""
    if reached <= job.checkpoint.get("furthest", [0]):
        return False
    job.checkpoint["furthest"] = reached
    for word in ("failure", "died"):
        job.checkpoint.pop(word, None)
    return True


def commit_lazily(session: Session) -> None:
    """Let this transaction's commit be lost in a crash of the database, whole: for work that would be done again."""
    session.execute(text("SET LOCAL synchronous_commit = off"))


def finish(session: Session, job: Job, state: str, error: Mapping[str, Any] | None = None) -> None:
    """End the job: done, failed or cancelled.

    One that was cancelled or failed did in its last transaction what nobody committed: it keeps, and gets back, the
    checkpoint before that, or its figures would tell of work that was never done.
    """
    checkpoint = session.scalar(
        text(
            "UPDATE jobs SET state = CAST(:state AS text), error = :error, finished_at = now(), lease_owner = NULL,"
            " lease_until = NULL,"
            " checkpoint = CASE WHEN :state = 'done' THEN CAST(:checkpoint AS jsonb) ELSE checkpoint END,"
            " total = CASE WHEN :state = 'done' THEN coalesce(total, done) ELSE total END"
            " WHERE id = :id AND lease_owner = :owner AND state = 'running' RETURNING checkpoint"
        ),
        {
            "id": job.id,
            "owner": job.owner,
            "state": state,
            "checkpoint": orjson.dumps(job.checkpoint).decode(),
            "error": orjson.dumps(error).decode() if error else None,
        },
    )
    if checkpoint is None:
        raise LeaseLost
    job.checkpoint = checkpoint


def given_up(session: Session, *, days: int) -> list[Any]:
    """Rows of id, account_id, kind, finished_at and detail of jobs that failed too often, newest first."""
    statement = text(
        "SELECT id, account_id, kind, finished_at, error ->> 'detail' AS detail FROM jobs WHERE state = 'failed'"
        " AND error ->> 'code' = :code AND finished_at > now() - make_interval(days => :days) ORDER BY finished_at DESC"
    )
    return list(session.execute(statement, {"code": GIVEN_UP, "days": days}).all())


def give_back(session: Session, job: Job) -> None:
    """Put the job at the end of the queue, to go on from its checkpoint. A turn that ended in peace is no attempt."""
    session.execute(
        text(
            "UPDATE jobs SET state = 'waiting', lease_owner = NULL, lease_until = NULL, queued_at = now(),"
            " attempts = greatest(attempts - 1, 0), checkpoint = checkpoint - 'died'"
            " WHERE id = :id AND lease_owner = :owner AND state = 'running'"
        ),
        {"id": job.id, "owner": job.owner},
    )


def retry_later(session: Session, job: Job, failure: str) -> None:
    """Let go of a job that failed, to be claimed again: after 2 seconds, 4, 8 … `RETRY_MOST`.

    :param failure: of what kind it was, for the reason of a job that is given up.
    """
    session.execute(
        text(
            "UPDATE jobs SET lease_owner = NULL,"
            f" lease_until = now() + make_interval(secs => least(power(2, attempts), {RETRY_MOST})),"
            " checkpoint = checkpoint - 'died' || jsonb_build_object('failure', CAST(:failure AS text))"
            " WHERE id = :id AND lease_owner = :owner AND state = 'running'"
        ),
        {"id": job.id, "owner": job.owner, "failure": failure},
    )


def put_off(session: Session, job: Job, seconds: float) -> None:
    """Let go of a job that waits for somebody else, for so long; that is no attempt either."""
    session.execute(
        text(
            "UPDATE jobs SET lease_owner = NULL, lease_until = now() + make_interval(secs => :seconds),"
            " attempts = greatest(attempts - 1, 0), checkpoint = checkpoint - 'died'"
            " WHERE id = :id AND lease_owner = :owner AND state = 'running'"
        ),
        {"id": job.id, "owner": job.owner, "seconds": seconds},
    )


def forget_request(session: Session, job_id: UUID) -> None:
    """What was asked for named a person; the job stays without it."""
    session.execute(text("UPDATE jobs SET request = '{}' WHERE id = :id"), {"id": job_id})


def forget_old(session: Session) -> None:
    """Problems of imports go with their files, jobs after a year."""
    session.execute(
        text(
            "DELETE FROM import_problems p USING jobs j WHERE j.id = p.import_id"
            " AND j.finished_at < now() - interval '30 days'"
        )
    )
    session.execute(
        text(
            "DELETE FROM jobs WHERE finished_at < now() - interval '1 year'"
            " AND kind IN ('import', 'export', 'person_export', 'bulk', 'combination', 'forget_group', 'forget_field')"
        )
    )


def newcomers_wait(session: Session, account_id: UUID) -> bool:
    """Whether a job waits of another account, of which nothing runs."""
    query = text(
        "SELECT EXISTS (SELECT FROM jobs w WHERE w.state = 'waiting' AND w.account_id <> :account AND NOT EXISTS"
        " (SELECT FROM jobs r WHERE r.account_id = w.account_id AND r.state = 'running' AND r.lease_until >= now()))"
    )
    return bool(session.scalar(query, {"account": account_id}))


def others_wait(session: Session) -> bool:
    """Whether somebody waits for a turn."""
    return bool(session.scalar(text("SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 'waiting')")))
