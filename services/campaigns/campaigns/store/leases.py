"""Campaigns that a dispatcher works on: leases, and the states that it moves them through.

Every change of a campaign's state here also holds that the dispatcher still owns its lease, so one that was away for
longer than its lease does no harm when it comes back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.domain import Split
from chassis.database import changed
from contracts.vocabulary import CampaignState, Channel

# What the dispatcher waits for.
CAMPAIGNS = "campaigns"
# A draft whose scheduling broke off: its reservation goes back after this long.
RESERVING_TIMEOUT = timedelta(minutes=10)

_COLUMNS = (
    "id, account_id, name, channel, state, updated_at, sender, audience, options, time_zone, content_hash,"
    " fields, trace_id,"
    " send_id, recipients, dispatched_to, next_portion_at, units_each, reserved_units, units,"
    " submitted + failed AS decided, submitted + failed + deferred AS counted,"
    " ab_test, variant_hashes, variant_size, winner, tested_at, ab_decision,"
    " local_at, (SELECT r.quiet_hours FROM campaign_rules r WHERE r.account_id = campaigns.account_id)"
    " AS account_quiet_hours,"
    " approved_at, (SELECT r.approval_above FROM campaign_rules r WHERE r.account_id = campaigns.account_id)"
    " AS approval_above,"
    " step_channels, step_of, place, awaits_more"
)


@dataclass(frozen=True)
class LeasedCampaign:
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
    units_each: int | None = None
    reserved_units: int | None = None
    units: int = 0
    decided: int = 0
    ab_test: dict[str, Any] | None = None
    variant_hashes: list[str] | None = None
    variant_size: int | None = None
    winner: int | None = None
    tested_at: datetime | None = None
    ab_decision: dict[str, Any] | None = None
    local_at: datetime | None = None
    account_quiet_hours: dict[str, Any] | None = None
    approved_at: datetime | None = None
    approval_above: int | None = None
    updated_at: datetime | None = None
    step_channels: list[str] | None = None
    step_of: UUID | None = None
    place: int | None = None
    awaits_more: bool = False

    @property
    def has_steps(self) -> bool:
        """Whether its steps send, campaigns of their own, and it only looks after them."""
        return self.step_channels is not None

    @property
    def channels(self) -> list[str]:
        """Those on which anybody may be reached."""
        return self.step_channels or [str(self.channel)]

    @property
    def reservation_of(self) -> UUID:
        """The campaign in whose name the quota is reserved: what is scheduled, for the first of its steps."""
        return self.step_of if self.step_of is not None and self.place == 0 else self.id

    @property
    def split(self) -> Split | None:
        """Which numbers have which variant, once that is settled."""
        return Split(len(self.ab_test["names"]), self.variant_size) if self.ab_test and self.variant_size else None

    def content_hash_for(self, number: int) -> str | None:
        """What the recipient of that number gets."""
        if self.split is None or self.variant_hashes is None:
            return self.content_hash
        variant = self.split.variant_of(number)
        if variant is None:
            variant = self.winner
        if variant is None:
            raise ValueError("nobody has won yet")
        return self.variant_hashes[variant]

    @property
    def is_short_of_units(self) -> bool:
        """Whether what is reserved would not do if everybody to come took as few units as can be."""
        if self.reserved_units is None or self.recipients is None:
            return False
        return self.units_at_least > self.reserved_units

    @property
    def units_at_least(self) -> int:
        """Units that it takes in all if everybody to come takes one.

        Nothing is reserved for a later step before somebody comes to it: it goes by what it takes each so far, and by
        the sample before anybody has been decided on.
        """
        to_come = (self.recipients or 0) - self.decided
        if not self.place or to_come <= 0:
            return self.units + to_come
        if not self.decided:
            return self.units + to_come * max(1, self.units_each or 1)
        return self.units + max(to_come, -(-to_come * self.units // self.decided))


class AtChannel(NamedTuple):
    """What of a campaign has come to its channel, as far as it has been counted.

    :ivar since: seconds since all of it was first counted in the channel's ledger; None before.
    """

    dispatched_to: int
    deferred: int
    since: float | None


_NO_BATCH_OPEN = (
    "NOT EXISTS (SELECT FROM campaign_batches b WHERE b.campaign_id = c.id AND b.state IN ('publishing', 'published'))"
)
GOES_AT = "coalesce(held_at, send_at)"  # SQL of `Campaign.goes_at`
_CLAIMABLE = (
    "(state IN ('scheduled', 'sending')"
    " OR (settled_at IS NULL AND state IN ('sent', 'cancelled', 'failed'))"
    " OR (state = 'draft' AND reserving_at IS NOT NULL))"
)


def claim(session: Session, *, owner: UUID, lease: timedelta, limit: int) -> int:
    """Take a lease on campaigns that have something to do and nobody working on them; returns how many."""
    return changed(
        session,
        "UPDATE campaigns SET lease_owner = :owner, lease_expires_at = now() + :lease"
        " WHERE id = ANY (ARRAY(SELECT id FROM campaigns"
        f" WHERE {_CLAIMABLE}"
        f"  AND (state <> 'scheduled' OR {GOES_AT} <= now() AND NOT awaits_approval)"
        "  AND (state <> 'sending' OR look_at IS NULL OR look_at <= now())"
        "  AND (state <> 'draft' OR reserving_at < now() - :reserving)"
        "  AND (lease_expires_at IS NULL OR lease_expires_at < now())"
        f" ORDER BY {GOES_AT} LIMIT :limit FOR UPDATE SKIP LOCKED))",
        owner=owner,
        lease=lease,
        limit=limit,
        reserving=RESERVING_TIMEOUT,
    )


def seconds_to_next(session: Session) -> float | None:
    """Until a campaign's time or somebody's lease on one is over; None when there is none to come."""
    seconds = session.scalar(
        text(
            "SELECT extract(epoch FROM min(greatest(lease_expires_at,"
            f" CASE WHEN state = 'scheduled' THEN {GOES_AT} END,"
            " CASE WHEN state = 'sending' THEN look_at END,"
            " CASE WHEN state = 'draft' THEN reserving_at + :reserving END)) - now())"
            f" FROM campaigns WHERE {_CLAIMABLE} AND NOT (state = 'scheduled' AND awaits_approval)"
        ),
        {"reserving": RESERVING_TIMEOUT},
    )
    return None if seconds is None else float(seconds)


def renew(session: Session, *, owner: UUID, lease: timedelta) -> list[LeasedCampaign]:
    """Renew this dispatcher's leases; returns the campaigns that it holds, as they are now."""
    rows = session.execute(
        text(f"UPDATE campaigns SET lease_expires_at = now() + :lease WHERE lease_owner = :owner RETURNING {_COLUMNS}"),
        {"owner": owner, "lease": lease},
    ).mappings()
    return [
        LeasedCampaign(**{**row, "channel": Channel(row["channel"]), "state": CampaignState(row["state"])})
        for row in rows
    ]


def release(session: Session, *, owner: UUID, campaign_ids: Sequence[UUID] | None = None) -> None:
    """Give up the lease on some campaigns, or on all of this dispatcher's."""
    session.execute(
        text(
            "UPDATE campaigns SET lease_owner = NULL, lease_expires_at = NULL WHERE lease_owner = :owner"
            " AND (CAST(:ids AS uuid[]) IS NULL OR id = ANY(:ids))"
        ),
        {"owner": owner, "ids": None if campaign_ids is None else list(campaign_ids)},
    )


def content_of(session: Session, campaign_id: UUID) -> tuple[dict[str, Any], list[dict[str, Any]] | None]:
    """The content and its variants: they may be a megabyte, so `renew` leaves them out."""
    row = session.execute(text("SELECT content, variants FROM campaigns WHERE id = :id"), {"id": campaign_id}).first()
    return (row.content or {}, row.variants) if row else ({}, None)


def begin(
    session: Session,
    *,
    owner: UUID,
    campaign_id: UUID,
    seen_at: datetime | None,
    send_id: UUID,
    recipients: int,
    content_hash: str,
    units_each: int,
    reserved_units: int,
    variant_hashes: Sequence[str] | None = None,
    variant_size: int | None = None,
) -> bool:
    """scheduled → sending with its audience numbered; False when it was paused, cancelled, taken over or, by way of a
    draft, changed meanwhile.

    :param seen_at: `updated_at` as the lease showed it, before its content was read and prepared.
    """
    return (
        changed(
            session,
            "UPDATE campaigns SET state = 'sending', send_id = :send_id, recipients = :recipients, started_at = now(),"
            " content_hash = :content_hash, units_each = :units_each, reserved_units = :reserved_units,"
            " updated_at = now(),"
            " variant_hashes = CAST(:variant_hashes AS jsonb), variant_size = :variant_size"
            " WHERE id = :id AND lease_owner = :owner AND state = 'scheduled' AND updated_at = :seen_at",
            id=campaign_id,
            owner=owner,
            seen_at=seen_at,
            send_id=send_id,
            recipients=recipients,
            content_hash=content_hash,
            units_each=units_each,
            reserved_units=reserved_units,
            variant_hashes=None if variant_hashes is None else orjson.dumps(list(variant_hashes)).decode(),
            variant_size=variant_size,
        )
        > 0
    )


def hold_for_approval(session: Session, *, owner: UUID, campaign_id: UUID) -> None:
    """It has grown above the size that takes a second person since it was scheduled: wait for one."""
    changed(
        session,
        "UPDATE campaigns SET awaits_approval = true, held_at = coalesce(held_at, send_at), send_at = NULL,"
        " lease_owner = NULL, lease_expires_at = NULL, updated_at = now()"
        " WHERE id = :id AND lease_owner = :owner AND state = 'scheduled' AND approved_at IS NULL",
        id=campaign_id,
        owner=owner,
    )


def reserved(session: Session, *, owner: UUID, campaign_id: UUID, units: int) -> None:
    """Note how many units are reserved for it in all."""
    session.execute(
        text("UPDATE campaigns SET reserved_units = :units WHERE id = :id AND lease_owner = :owner"),
        {"id": campaign_id, "owner": owner, "units": units},
    )


def fail(session: Session, *, owner: UUID, campaign_id: UUID, code: str, detail: str) -> bool:
    """scheduled or sending → failed, with the reason."""
    return (
        changed(
            session,
            "UPDATE campaigns SET state = 'failed', failure_code = :code, failure_detail = :detail,"
            " finished_at = now(), updated_at = now()"
            " WHERE id = :id AND lease_owner = :owner AND state IN ('scheduled', 'sending')",
            id=campaign_id,
            owner=owner,
            code=code,
            detail=detail,
        )
        > 0
    )


def finish(session: Session, *, owner: UUID, campaign_id: UUID) -> bool:
    """sending → sent, once no batch is open and the channel has nothing more to try."""
    return (
        changed(
            session,
            "UPDATE campaigns c SET state = 'sent', finished_at = now(), updated_at = now()"
            f" WHERE id = :id AND lease_owner = :owner AND state = 'sending' AND deferred = 0"
            f" AND NOT awaits_more AND {_NO_BATCH_OPEN}",
            id=campaign_id,
            owner=owner,
        )
        > 0
    )


def at_channel(session: Session, campaign_id: UUID) -> AtChannel:
    row = session.execute(
        text(
            "SELECT dispatched_to, deferred, extract(epoch FROM now() - dispatched_at)::float8"
            " FROM campaigns WHERE id = :id"
        ),
        {"id": campaign_id},
    ).one()
    return AtChannel(*row)


def recount(session: Session, *, owner: UUID, campaign_id: UUID, counts: Mapping[str, Any]) -> None:
    """Take over what the channel has counted in its ledger, unless a batch is open: that one is not counted yet.

    :param counts: submitted, failed, left_out (None: as they are), deferred.
    """
    left_out = counts["left_out"]
    changed(
        session,
        "UPDATE campaigns c SET submitted = coalesce(:submitted, submitted), failed = coalesce(:failed, failed),"
        " channel_left_out = coalesce(CAST(:left_out AS jsonb), channel_left_out),"
        " units = greatest(units, :units), deferred = :deferred, dispatched_at = coalesce(dispatched_at, now())"
        f" WHERE id = :id AND lease_owner = :owner AND {_NO_BATCH_OPEN}",
        id=campaign_id, owner=owner,
        left_out=None if left_out is None else orjson.dumps(left_out).decode(),
        **{name: counts.get(name) for name in ("submitted", "failed", "deferred", "units")},
    )  # fmt: skip


def look_later(session: Session, *, owner: UUID, campaign_id: UUID, seconds: float) -> None:
    """Give the lease up until then: what a channel has to try again may take days, and nobody need hold it so long."""
    changed(
        session,
        "UPDATE campaigns SET look_at = now() + :wait, lease_owner = NULL, lease_expires_at = NULL"
        " WHERE id = :id AND lease_owner = :owner",
        id=campaign_id, owner=owner, wait=timedelta(seconds=seconds),
    )  # fmt: skip


def handed_over(session: Session, campaign_id: UUID) -> int:
    """Recipients who were, or may still be, sent to: what the channel submitted and what it will try again."""
    count = session.scalar(text("SELECT submitted + deferred FROM campaigns WHERE id = :id"), {"id": campaign_id})
    return int(count or 0)


def settled(session: Session, *, owner: UUID, campaign_id: UUID, handed_over: int) -> bool:
    """Note that the quota is settled for that many, unless a batch has been counted meanwhile."""
    return (
        changed(
            session,
            "UPDATE campaigns SET settled_at = now(), reserving_at = NULL, lease_owner = NULL, lease_expires_at = NULL"
            " WHERE id = :id AND lease_owner = :owner AND submitted + deferred = :handed_over"
            " AND state IN ('sent', 'cancelled', 'failed')",
            id=campaign_id,
            owner=owner,
            handed_over=handed_over,
        )
        > 0
    )


def reservation_returned(session: Session, *, owner: UUID, campaign_id: UUID) -> None:
    """A draft's broken-off scheduling has been cleaned up."""
    session.execute(
        text(
            "UPDATE campaigns SET reserving_at = NULL, lease_owner = NULL, lease_expires_at = NULL"
            " WHERE id = :id AND lease_owner = :owner AND state = 'draft' AND reserving_at < now() - :reserving"
        ),
        {"id": campaign_id, "owner": owner, "reserving": RESERVING_TIMEOUT},
    )
