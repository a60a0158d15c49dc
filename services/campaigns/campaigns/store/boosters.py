"""Boosters of a campaign: they are given their time once it has been sent, and end with it where it ends otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaigns.models import Campaign
from campaigns.store.leases import CAMPAIGNS
from chassis import waking

_TIME = text(
    "UPDATE campaigns SET send_at = now() + make_interval(mins => booster_after)"
    " WHERE booster_of = :id AND coalesce(held_at, send_at) IS NULL AND state IN ('scheduled', 'paused')"
)


def give_time(session: Session, campaign_id: UUID) -> None:
    """All of the campaign is with its channel, in the transaction that says so. Twice is harmless."""
    session.execute(_TIME, {"id": campaign_id})
    waking.wake(session, CAMPAIGNS)


def waiting_for_update(session: Session, campaign_id: UUID) -> Sequence[Campaign]:
    """Those that have not begun, locked."""
    query = (
        select(Campaign)
        .where(Campaign.booster_of == campaign_id, Campaign.send_id.is_(None))
        .where(Campaign.state.in_(("scheduled", "paused")))
        .order_by(Campaign.id)
        .with_for_update()
    )
    return session.scalars(query, execution_options={"populate_existing": True}).all()
