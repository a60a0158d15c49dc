"""What the dispatcher asks of the database: leases, batches and counters, many at a time.

Every change of a campaign's state here also holds that the dispatcher still owns its lease, so one that was away for
longer than its lease does no harm when it comes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import cursor_of
from contracts.vocabulary import CampaignState, Channel

# A draft whose scheduling broke off: its reservation goes back after this long.
RESERVING_TIMEOUT = timedelta(minutes=10)
# A batch of a cancelled campaign that was perhaps not published: after this long it counts as not sent.
WITHDRAW_AFTER = timedelta(seconds=30)
# No report comes that late: a lane's message is dead-lettered long before. The campaign keeps its counts.
BATCHES_KEPT = timedelta(days=14)

_COLUMNS = (
    "id, account_id, name, channel, state, sender, audience, options, time_zone, content_hash, fields, trace_id,"
    " send_id, recipients, dispatched_to, next_portion_at,"
    " submitted + failed + deferred AS counted"
)


@dataclass(frozen=True)
class Work:
    """A campaign that this dispatcher has a lease on, as it is in the database."""

    id: UUID
    account_id: UUID
    name: str
    channel: Channel
    state: CampaignState
    sender: Any
    audience: dict[str, Any]
    options: dict[str, Any]
    time_zone: str | None
    content_hash: str | None
    fields: list[str]
    trace_id: str | None
    send_id: UUID | None
    recipients: int | None
    dispatched_to: int
    next_portion_at: datetime | None
    counted: int


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


def claim(session: Session, *, owner: UUID, lease: timedelta, limit: int) -> int:
    """Take a lease on campaigns that have something to do and nobody working on them; returns how many."""
    claimed = session.execute(
        text(
            "UPDATE campaigns SET lease_owner = :owner, lease_expires_at = now() + :lease WHERE id IN ("
            " SELECT id FROM campaigns"
            " WHERE (state IN ('scheduled', 'sending')"
            "   OR (settled_at IS NULL AND state IN ('sent', 'cancelled', 'failed'))"
            "   OR (state = 'draft' AND reserving_at IS NOT NULL))"
            "  AND (state <> 'scheduled' OR send_at <= now())"
            "  AND (state <> 'draft' OR reserving_at < now() - :reserving)"
            "  AND (lease_expires_at IS NULL OR lease_expires_at < now())"
            " ORDER BY send_at LIMIT :limit FOR UPDATE SKIP LOCKED)"
        ),
        {"owner": owner, "lease": lease, "limit": limit, "reserving": RESERVING_TIMEOUT},
    )
    return int(claimed.rowcount)  # type: ignore[attr-defined]


def renew(session: Session, *, owner: UUID, lease: timedelta) -> list[Work]:
    """Renew this dispatcher's leases; returns the campaigns that it holds, as they are now."""
    rows = session.execute(
        text(f"UPDATE campaigns SET lease_expires_at = now() + :lease WHERE lease_owner = :owner RETURNING {_COLUMNS}"),
        {"owner": owner, "lease": lease},
    ).mappings()
    return [Work(**{**row, "channel": Channel(row["channel"]), "state": CampaignState(row["state"])}) for row in rows]


def release(session: Session, *, owner: UUID, campaign_ids: Sequence[UUID] | None = None) -> None:
    """Give up the lease on some campaigns, or on all of this dispatcher's."""
    session.execute(
        text(
            "UPDATE campaigns SET lease_owner = NULL, lease_expires_at = NULL WHERE lease_owner = :owner"
            " AND (CAST(:ids AS uuid[]) IS NULL OR id = ANY(:ids))"
        ),
        {"owner": owner, "ids": None if campaign_ids is None else list(campaign_ids)},
    )


def content_of(session: Session, campaign_id: UUID) -> dict[str, Any]:
    """The content alone: it may be a megabyte, so `renew` leaves it out."""
    content: dict[str, Any] | None = session.scalar(
        text("SELECT content FROM campaigns WHERE id = :id"), {"id": campaign_id}
    )
    return content or {}


def begin(session: Session, *, owner: UUID, work: Work, send_id: UUID, recipients: int, content_hash: str) -> bool:
    """scheduled → sending with its audience numbered; False when it was paused, cancelled or taken over meanwhile."""
    begun = session.execute(
        text(
            "UPDATE campaigns SET state = 'sending', send_id = :send_id, recipients = :recipients, started_at = now(),"
            " content_hash = :content_hash, updated_at = now()"
            " WHERE id = :id AND lease_owner = :owner AND state = 'scheduled'"
        ),
        {
            "id": work.id,
            "owner": owner,
            "send_id": send_id,
            "recipients": recipients,
            "content_hash": content_hash,
        },
    )
    return bool(begun.rowcount)  # type: ignore[attr-defined]


def fail(session: Session, *, owner: UUID, campaign_id: UUID, code: str, detail: str) -> bool:
    """scheduled or sending → failed, with the reason."""
    failed = session.execute(
        text(
            "UPDATE campaigns SET state = 'failed', failure_code = :code, failure_detail = :detail,"
            " finished_at = now(), updated_at = now()"
            " WHERE id = :id AND lease_owner = :owner AND state IN ('scheduled', 'sending')"
        ),
        {"id": campaign_id, "owner": owner, "code": code, "detail": detail},
    )
    return bool(failed.rowcount)  # type: ignore[attr-defined]


def finish(session: Session, *, owner: UUID, campaign_id: UUID) -> bool:
    """sending → sent, once no batch is open."""
    finished = session.execute(
        text(
            "UPDATE campaigns c SET state = 'sent', finished_at = now(), updated_at = now()"
            " WHERE id = :id AND lease_owner = :owner AND state = 'sending' AND NOT EXISTS ("
            " SELECT FROM campaign_batches b WHERE b.campaign_id = c.id AND b.state IN ('publishing', 'published'))"
        ),
        {"id": campaign_id, "owner": owner},
    )
    return bool(finished.rowcount)  # type: ignore[attr-defined]


def handed_over(session: Session, campaign_id: UUID) -> int:
    """Recipients who were, or may still be, sent to: what the channel submitted and what it will try again."""
    count = session.scalar(text("SELECT submitted + deferred FROM campaigns WHERE id = :id"), {"id": campaign_id})
    return int(count or 0)


def settled(session: Session, *, owner: UUID, campaign_id: UUID, handed_over: int) -> bool:
    """Note that the quota is settled for that many, unless a batch has been counted meanwhile."""
    noted = session.execute(
        text(
            "UPDATE campaigns SET settled_at = now(), reserving_at = NULL, lease_owner = NULL, lease_expires_at = NULL"
            " WHERE id = :id AND lease_owner = :owner AND submitted + deferred = :handed_over"
            " AND state IN ('sent', 'cancelled', 'failed')"
        ),
        {"id": campaign_id, "owner": owner, "handed_over": handed_over},
    )
    return bool(noted.rowcount)  # type: ignore[attr-defined]


def reservation_returned(session: Session, *, owner: UUID, campaign_id: UUID) -> None:
    """A draft's broken-off scheduling has been cleaned up."""
    session.execute(
        text(
            "UPDATE campaigns SET reserving_at = NULL, lease_owner = NULL, lease_expires_at = NULL"
            " WHERE id = :id AND lease_owner = :owner AND state = 'draft' AND reserving_at < now() - :reserving"
        ),
        {"id": campaign_id, "owner": owner, "reserving": RESERVING_TIMEOUT},
    )


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


def forget_batches(session: Session) -> int:
    """Delete the batches of campaigns that were settled long ago; returns how many."""
    forgotten = session.execute(
        text(
            "DELETE FROM campaign_batches WHERE campaign_id IN"
            " (SELECT id FROM campaigns WHERE settled_at < now() - :kept)"
        ),
        {"kept": BATCHES_KEPT},
    )
    return int(forgotten.rowcount)  # type: ignore[attr-defined]


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
                [advance.campaign_id for advance in advances],
                [advance.after for advance in advances],
                [advance.to for advance in advances],
                [advance.next_portion_at for advance in advances],
                owner,
                [batch.id for batch in batches],
                [batch.campaign_id for batch in batches],
                [batch.first for batch in batches],
                [batch.last for batch in batches],
                [batch.size for batch in batches],
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
    """Count what channels report, each batch once; returns how many batches were news.

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
            (
                [report.id for report in reports],
                [report.submitted for report in reports],
                [report.failed for report in reports],
                [report.deferred for report in reports],
            ),
        )
        row = cursor.fetchone()
        return int(row[0]) if row else 0
