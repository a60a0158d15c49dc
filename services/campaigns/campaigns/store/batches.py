"""Batches: recorded before they are published, counted once, many in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import changed, columns, cursor_of
from contracts.vocabulary import Channel

# A batch of a cancelled campaign that was perhaps not published: after this long it counts as not sent.
WITHDRAW_AFTER = timedelta(seconds=30)
# No report comes that late: a lane's message is dead-lettered long before. The campaign keeps its counts.
BATCHES_KEPT = timedelta(days=14)


@dataclass(frozen=True)
class InFlight:
    """What a campaign has in flight, whoever dispatches it."""

    campaign_id: UUID
    account_id: UUID
    channel: Channel
    batches: int
    recipients: int


@dataclass(frozen=True)
class BatchRange:
    """Recipients `first` to `last` of a campaign, `size` of them."""

    id: UUID
    campaign_id: UUID
    first: int
    last: int
    size: int


@dataclass(frozen=True)
class Advance:
    """A campaign's numbering moves on, by batches recorded with it."""

    campaign_id: UUID
    after: int
    to: int
    next_portion_at: datetime | None


@dataclass(frozen=True)
class Reported:
    """What a channel says of a batch."""

    id: UUID
    submitted: int
    failed: int
    deferred: int


def in_flight(session: Session) -> list[InFlight]:
    """Everything in flight, by campaign."""
    rows = session.execute(
        text(
            "SELECT campaign_id, account_id, channel, count(*), sum(size) FROM campaign_batches"
            " WHERE state IN ('publishing', 'published') GROUP BY 1, 2, 3"
        )
    )
    return [
        InFlight(campaign_id, account_id, Channel(channel), batches, recipients)
        for campaign_id, account_id, channel, batches, recipients in rows
    ]


def unpublished(session: Session, campaign_id: UUID) -> list[BatchRange]:
    """Batches that were recorded and perhaps never published."""
    rows = session.execute(
        text(
            "SELECT id, campaign_id, first, last, size FROM campaign_batches"
            " WHERE campaign_id = :id AND state = 'publishing' ORDER BY first"
        ),
        {"id": campaign_id},
    ).mappings()
    return [BatchRange(**row) for row in rows]


def take_stale(session: Session, campaign_ids: Sequence[UUID], older_than: timedelta) -> list[BatchRange]:
    """Batches that their channel has had for too long; each is taken once in `older_than`."""
    rows = session.execute(
        text(
            "UPDATE campaign_batches SET published_at = now()"
            " WHERE campaign_id = ANY(:ids) AND state = 'published' AND published_at < now() - :older"
            " RETURNING id, campaign_id, first, last, size"
        ),
        {"ids": list(campaign_ids), "older": older_than},
    ).mappings()
    return [BatchRange(**row) for row in rows]


def withdraw_unpublished(session: Session, campaign_id: UUID) -> None:
    """Batches of a cancelled campaign that a crash left unpublished are not published any more.

    Had one been published after all, its report counts it later and the quota is settled again.
    """
    session.execute(
        text(
            "UPDATE campaign_batches SET state = 'withdrawn'"
            " WHERE campaign_id = :id AND state = 'publishing' AND created_at < now() - :wait"
        ),
        {"id": campaign_id, "wait": WITHDRAW_AFTER},
    )


def forget_old(session: Session) -> int:
    """Delete the batches of campaigns that were settled long ago; returns how many."""
    return changed(
        session,
        "DELETE FROM campaign_batches WHERE campaign_id IN (SELECT id FROM campaigns WHERE settled_at < now() - :kept)",
        kept=BATCHES_KEPT,
    )


def record(session: Session, *, owner: UUID, advances: Sequence[Advance], batches: Sequence[BatchRange]) -> set[UUID]:
    """Record batches about to be published and move their campaigns on, in one statement for many.

    :returns: ids of the batches recorded. Those of a campaign that was paused, cancelled, or taken over are not.
    """
    with cursor_of(session) as cursor:
        cursor.execute(
            "WITH moved AS (UPDATE campaigns c SET dispatched_to = a.reached, next_portion_at = a.next_at"
            "  FROM unnest(%s::uuid[], %s::int[], %s::int[], %s::timestamptz[]) AS a(id, after, reached, next_at)"
            "  WHERE c.id = a.id AND c.lease_owner = %s AND c.state = 'sending' AND c.dispatched_to = a.after"
            "  RETURNING c.id, c.account_id, c.channel)"
            " INSERT INTO campaign_batches (id, campaign_id, account_id, channel, first, last, size)"
            " SELECT b.id, b.campaign_id, moved.account_id, moved.channel, b.first, b.last, b.size"
            " FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::int[], %s::int[])"
            "  AS b(id, campaign_id, first, last, size) JOIN moved ON moved.id = b.campaign_id RETURNING id",
            (
                *columns([(a.campaign_id, a.after, a.to, a.next_portion_at) for a in advances], 4),
                owner,
                *columns([(b.id, b.campaign_id, b.first, b.last, b.size) for b in batches], 5),
            ),
        )
        return {row[0] for row in cursor.fetchall()}


def mark_published(session: Session, batch_ids: Iterable[UUID]) -> None:
    """The broker has these batches; a batch that is reported done already has been counted with its report."""
    with cursor_of(session) as cursor:
        cursor.execute(
            "WITH marked AS (UPDATE campaign_batches SET published_at = now(), state = 'published'"
            "  WHERE id = ANY(%s) AND state IN ('publishing', 'withdrawn') RETURNING campaign_id, size)"
            " UPDATE campaigns c SET published = c.published + s.size"
            " FROM (SELECT campaign_id, sum(size) AS size FROM marked GROUP BY 1) s WHERE c.id = s.campaign_id",
            (list(batch_ids),),
        )


def mark_done(session: Session, reports: Sequence[Reported]) -> int:
    """Count what channels report, each batch once; returns how many batches had not been counted before.

    A report on a campaign that has been settled reopens its settlement.
    """
    with cursor_of(session) as cursor:
        cursor.execute(
            "WITH fresh AS (SELECT b.id, b.campaign_id, b.size, b.published_at IS NULL AS unmarked,"
            "   r.submitted, r.failed, r.deferred FROM campaign_batches b"
            "  JOIN unnest(%s::uuid[], %s::int[], %s::int[], %s::int[]) AS r(id, submitted, failed, deferred)"
            "   ON r.id = b.id WHERE b.state <> 'done' ORDER BY b.id FOR UPDATE OF b),"
            " done AS (UPDATE campaign_batches b SET state = 'done', done_at = now(),"
            "   published_at = coalesce(b.published_at, now()),"
            "   submitted = f.submitted, failed = f.failed, deferred = f.deferred FROM fresh f WHERE b.id = f.id),"
            " sums AS (SELECT campaign_id, count(*) AS batches, sum(size) FILTER (WHERE unmarked) AS published,"
            "   sum(submitted) AS submitted, sum(failed) AS failed, sum(deferred) AS deferred FROM fresh GROUP BY 1),"
            " counted AS (UPDATE campaigns c SET published = c.published + coalesce(s.published, 0),"
            "   submitted = c.submitted + s.submitted, failed = c.failed + s.failed,"
            "   deferred = c.deferred + s.deferred, settled_at = NULL FROM sums s WHERE c.id = s.campaign_id)"
            " SELECT coalesce(sum(batches), 0) FROM sums",
            columns([(report.id, report.submitted, report.failed, report.deferred) for report in reports], 4),
        )
        row = cursor.fetchone()
        return int(row[0]) if row else 0
