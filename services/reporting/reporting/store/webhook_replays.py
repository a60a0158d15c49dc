"""Trying deliveries again: one, or a range of those that failed, one range for each webhook, a few at a time."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from reporting.store.messages import Row
from reporting.store.webhook_deliveries import made_within

MOST_COUNTED = 100_000

_BEGIN_AGAIN = (
    "UPDATE webhook_deliveries"
    " SET state = 'pending', tries = 0, due_at = now(), finished_at = NULL, leased_until = NULL"
)


def add(session: Session, *, webhook_id: UUID, account_id: UUID, since: datetime, until: datetime) -> None:
    """Ask for this range; where another is not through yet, for both and what is between."""
    session.execute(
        text(
            "INSERT INTO webhook_replays AS r (webhook_id, account_id, since, until, requested_at)"
            " VALUES (:webhook, :account, :since, :until, clock_timestamp()) ON CONFLICT (webhook_id) DO UPDATE"
            " SET since = LEAST(r.since, excluded.since), until = GREATEST(r.until, excluded.until),"
            " requested_at = excluded.requested_at"
        ),
        {"webhook": webhook_id, "account": account_id, "since": since, "until": until},
    )


def find(session: Session, webhook_id: UUID) -> Row | None:
    query = text("SELECT since, until, requested_at FROM webhook_replays WHERE webhook_id = :webhook FOR UPDATE")
    return session.execute(query, {"webhook": webhook_id}).mappings().one_or_none()


def delete(session: Session, webhook_id: UUID) -> None:
    session.execute(text("DELETE FROM webhook_replays WHERE webhook_id = :webhook"), {"webhook": webhook_id})


def again(session: Session, *, webhook_id: UUID, delivery_id: UUID) -> list[UUID]:
    """Have a finished delivery tried again; returns its id, or nothing where it is not finished."""
    statement = text(
        f"{_BEGIN_AGAIN} WHERE webhook_id = :webhook AND id = :delivery AND state <> 'pending' RETURNING id"
    )
    return list(session.scalars(statement, {"webhook": webhook_id, "delivery": delivery_id}))


def count_failed(session: Session, *, webhook_id: UUID, since: datetime, until: datetime) -> int:
    """How many failed and were made in this time: `MOST_COUNTED` at most."""
    made, bound = made_within(since, until)
    query = text(
        "SELECT count(*) FROM (SELECT FROM webhook_deliveries WHERE webhook_id = :webhook AND state = 'failed'"
        f" AND NOT is_test{made} LIMIT :most) failed"
    )
    return int(session.scalar(query, {**bound, "webhook": webhook_id, "most": MOST_COUNTED}) or 0)


def again_of(
    session: Session, *, webhook_id: UUID, since: datetime, until: datetime, finished_by: datetime, limit: int
) -> list[UUID]:
    """Have the first of those that failed and were made in this time tried again; returns their ids.

    :param finished_by: what has failed later has been tried again already.
    """
    made, bound = made_within(since, until)
    statement = text(
        f"{_BEGIN_AGAIN} WHERE id = ANY (ARRAY(SELECT id FROM webhook_deliveries WHERE webhook_id = :webhook"
        f" AND state = 'failed' AND NOT is_test AND finished_at <= :by{made} ORDER BY id LIMIT :limit)) RETURNING id"
    )
    return list(session.scalars(statement, {**bound, "webhook": webhook_id, "by": finished_by, "limit": limit}))
