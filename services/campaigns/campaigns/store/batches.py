"""Batches: recorded before they are published, counted once, many in one statement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns import domain
from chassis.database import changed, columns, cursor_of
from contracts.vocabulary import Channel

# A batch of a cancelled campaign that was perhaps not published: after this long it counts as not sent.
WITHDRAW_AFTER = timedelta(seconds=30)
# Who was left out is listed for so long after the campaign's end; the counts stay.
LEFT_OUT_KEPT = timedelta(days=90)
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
    """Recipients `first` to `last` of a campaign, `size` of them: `numbers`, or all where that is None."""

    id: UUID
    campaign_id: UUID
    first: int
    last: int
    size: int
    numbers: list[int] | None = None

    @classmethod
    def of(cls, batch_id: UUID, campaign_id: UUID, numbers: list[int]) -> BatchRange:
        """:param numbers: of its recipients, in order."""
        first, last, size = numbers[0], numbers[-1], len(numbers)
        return cls(batch_id, campaign_id, first, last, size, numbers if last - first >= size else None)


class Gone(NamedTuple):
    """Who is left out of a campaign: the number in its audience, why, and the contact where it is still there."""

    number: int
    reason: str
    contact_id: str | None


@dataclass(frozen=True)
class Advance:
    """A campaign's numbering moves on, by batches recorded with it and by who is left out, counted by the reason."""

    campaign_id: UUID
    after: int
    to: int
    next_portion_at: datetime | None
    left_out: Mapping[str, int] = field(default_factory=dict)
    gone: Sequence[Gone] = ()

    @classmethod
    def of(cls, campaign_id: UUID, after: int, to: int, next_portion_at: datetime | None, gone: list[Gone]) -> Advance:
        return cls(campaign_id, after, to, next_portion_at, Counter(one.reason for one in gone), gone)


@dataclass(frozen=True)
class Reported:
    """What a channel says of a batch; `left_out` and, of the failed, `content_failed` are counted by the reason."""

    id: UUID
    submitted: int
    failed: int
    deferred: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    content_failed: Mapping[str, int] = field(default_factory=dict)
    units: int = 0  # of quota, that the submitted took


class Counted(NamedTuple):
    """
    :ivar batches: that had not been counted before.
    :ivar failing: campaigns whose content fails too many.
    :ivar short: whether one of the campaigns needs more units than are reserved (`LeasedCampaign.is_short_of_units`).
    """

    batches: int
    failing: list[UUID]
    short: bool


def _sum_of(*counts: str) -> str:
    """SQL: objects of counts, added up key by key."""
    all_of_them = " UNION ALL ".join(f"SELECT * FROM jsonb_each_text({one})" for one in counts)
    return (
        "(SELECT coalesce(jsonb_object_agg(reason, n), '{}') FROM (SELECT reason, sum(CAST(n AS int)) AS n"
        f" FROM ({all_of_them}) AS e(reason, n) GROUP BY reason) AS added)"
    )


def _reasons(counts: str) -> str:
    """SQL: by campaign and reason, the sum of its fresh batches' objects of counts."""
    return (
        f"SELECT campaign_id, '{counts}' AS counts, e.key AS reason, sum(CAST(e.value AS int)) AS n FROM fresh"
        f" CROSS JOIN LATERAL jsonb_each_text({counts}) e GROUP BY 1, 3"
    )


def _object_of(counts: str) -> str:
    """SQL over `fresh`, grouped by campaign: those sums as one object."""
    return (
        "(SELECT coalesce(jsonb_object_agg(reason, n), '{}') FROM reasons r"
        f" WHERE r.campaign_id = fresh.campaign_id AND r.counts = '{counts}') AS {counts}"
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
            "SELECT id, campaign_id, first, last, size, numbers FROM campaign_batches"
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
            " RETURNING id, campaign_id, first, last, size, numbers"
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
    """Delete the batches of campaigns that were settled long ago, and later the list of who was left out; returns how
    many batches."""
    changed(
        session,
        "DELETE FROM campaign_left_out WHERE campaign_id IN"
        " (SELECT id FROM campaigns WHERE settled_at < now() - :kept)",
        kept=LEFT_OUT_KEPT,
    )
    return changed(
        session,
        "DELETE FROM campaign_batches WHERE campaign_id IN (SELECT id FROM campaigns WHERE settled_at < now() - :kept)",
        kept=BATCHES_KEPT,
    )


def record(session: Session, *, owner: UUID, advances: Sequence[Advance], batches: Sequence[BatchRange]) -> set[UUID]:
    """Record batches about to be published and move their campaigns on, in one statement for many.

    :returns: ids of the campaigns that moved. One that was paused, cancelled, or taken over did not, nor have its
        batches been recorded.
    """
    with cursor_of(session) as cursor:
        cursor.execute(
            "WITH moved AS (UPDATE campaigns c SET dispatched_to = a.reached, next_portion_at = a.next_at,"
            f"  left_out = CASE WHEN a.left_out = '{{}}' THEN c.left_out ELSE {_sum_of('c.left_out', 'a.left_out')} END"
            "  FROM unnest(%s::uuid[], %s::int[], %s::int[], %s::timestamptz[], %s::jsonb[])"
            "   AS a(id, after, reached, next_at, left_out)"
            "  WHERE c.id = a.id AND c.lease_owner = %s AND c.state = 'sending' AND c.dispatched_to = a.after"
            "  RETURNING c.id, c.account_id, c.channel),"
            " recorded AS (INSERT INTO campaign_batches"
            "  (id, campaign_id, account_id, channel, first, last, size, numbers)"
            "  SELECT b.id, b.campaign_id, moved.account_id, moved.channel, b.first, b.last, b.size, b.numbers::int[]"
            "  FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::int[], %s::int[], %s::text[])"
            "   AS b(id, campaign_id, first, last, size, numbers) JOIN moved ON moved.id = b.campaign_id)"
            ", gone AS (INSERT INTO campaign_left_out (campaign_id, number, account_id, reason, contact_id)"
            "  SELECT g.campaign_id, g.number, moved.account_id, g.reason, g.contact_id"
            "  FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::uuid[])"
            "   AS g(campaign_id, number, reason, contact_id) JOIN moved ON moved.id = g.campaign_id"
            "  ON CONFLICT DO NOTHING)"
            " SELECT id FROM moved",
            (
                *columns([(a.campaign_id, a.after, a.to, a.next_portion_at, _json(a.left_out)) for a in advances], 5),
                owner,
                *columns([(b.id, b.campaign_id, b.first, b.last, b.size, _array(b.numbers)) for b in batches], 6),
                *columns([(a.campaign_id, *gone) for a in advances for gone in a.gone], 4),
            ),
        )
        return {row[0] for row in cursor.fetchall()}


def _json(counts: Mapping[str, int]) -> str:
    return orjson.dumps(dict(counts)).decode()


def _array(numbers: Sequence[int] | None) -> str | None:
    """As PostgreSQL writes an array: arrays of many lengths cannot stand in one."""
    return None if numbers is None else f"{{{','.join(map(str, numbers))}}}"


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


_TOTAL_FAILED = "(SELECT coalesce(sum(CAST(n AS int)), 0) FROM jsonb_each_text(c.content_failed) AS e(code, n))"
# Since the campaign began, or was last resumed.
_IS_FAILING = (
    f"c.state = 'sending' AND s.content_failed <> '{{}}' AND {_TOTAL_FAILED} - c.content_failed_before >= %s"
    f" AND {_TOTAL_FAILED} - c.content_failed_before"
    " >= %s * (c.submitted + c.failed + c.deferred - c.counted_before)"
)
_MARK_DONE = (
    "WITH fresh AS (SELECT b.id, b.campaign_id, b.size, b.published_at IS NULL AS unmarked,"
    "   r.submitted, r.failed, r.deferred, r.units, r.left_out, r.content_failed FROM campaign_batches b"
    "  JOIN unnest(%s::uuid[], %s::int[], %s::int[], %s::int[], %s::int[], %s::jsonb[], %s::jsonb[])"
    "   AS r(id, submitted, failed, deferred, units, left_out, content_failed)"
    "   ON r.id = b.id WHERE b.state <> 'done' ORDER BY b.id FOR UPDATE OF b),"
    " done AS (UPDATE campaign_batches b SET state = 'done', done_at = now(),"
    "   published_at = coalesce(b.published_at, now()),"
    "   submitted = f.submitted, failed = f.failed, deferred = f.deferred FROM fresh f WHERE b.id = f.id),"
    f" reasons AS ({_reasons('left_out')} UNION ALL {_reasons('content_failed')}),"
    " sums AS (SELECT campaign_id, count(*) AS batches, sum(size) FILTER (WHERE unmarked) AS published,"
    "   sum(submitted) AS submitted, sum(failed) AS failed, sum(deferred) AS deferred, sum(units) AS units,"
    f"   {_object_of('left_out')}, {_object_of('content_failed')} FROM fresh GROUP BY 1),"
    " counted AS (UPDATE campaigns c SET published = c.published + coalesce(s.published, 0),"
    "   submitted = c.submitted + s.submitted, failed = c.failed + s.failed,"
    f"   channel_left_out = {_sum_of('c.channel_left_out', 's.left_out')},"
    f"   content_failed = {_sum_of('c.content_failed', 's.content_failed')},"
    "   deferred = c.deferred + s.deferred, units = c.units + s.units, settled_at = NULL"
    "  FROM sums s WHERE c.id = s.campaign_id"
    f"  RETURNING c.id, {_IS_FAILING} AS is_failing,"
    "   c.units + c.recipients - c.submitted - c.failed > c.reserved_units AS is_short)"
    " SELECT (SELECT coalesce(sum(batches), 0) FROM sums),"
    "  (SELECT coalesce(array_agg(id), '{}') FROM counted WHERE is_failing),"
    "  EXISTS (SELECT FROM counted WHERE is_short)"
)


def mark_done(session: Session, reports: Sequence[Reported]) -> Counted:
    """Count what channels report, each batch once.

    A report on a campaign that has been settled reopens its settlement. A campaign's row is locked from here on, so
    that of several who count at once one finds it failing.
    """
    with cursor_of(session) as cursor:
        cursor.execute(
            _MARK_DONE,
            (
                *columns(
                    [
                        (r.id, r.submitted, r.failed, r.deferred, r.units, _json(r.left_out), _json(r.content_failed))
                        for r in reports
                    ],
                    7,
                ),
                domain.FAILING_LEAST,
                domain.FAILING_SHARE,
            ),
        )
        row = cursor.fetchone()
        return Counted(int(row[0]), *row[1:]) if row else Counted(0, [], False)
