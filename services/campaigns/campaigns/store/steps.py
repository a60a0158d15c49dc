"""Campaigns that are steps of another one: made, found, and looked at together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, defer

from campaigns.models import Campaign
from contracts.vocabulary import CampaignState, Channel

_WITHOUT_CONTENT = (defer(Campaign.content), defer(Campaign.variants), defer(Campaign.steps))
_TAKEN_OVER = ("account_id", "created_by", "scheduled_by", "time_zone", "trace_id", "folder", "tags")


def written(session: Session, campaign_id: UUID) -> list[dict[str, Any]]:
    """The steps as they were written."""
    found = session.scalar(select(Campaign.steps).where(Campaign.id == campaign_id))
    return list(found or ())


def add(
    session: Session, *, campaign_id: UUID, step_id: UUID, channel: Channel, now: datetime, place: int, **columns: Any
) -> None:
    """A step's own campaign, which sends to whom comes to it. Once: the same again changes nothing."""
    parent = session.execute(
        select(*(getattr(Campaign, name) for name in _TAKEN_OVER)).where(Campaign.id == campaign_id)
    ).one()
    values = {**dict(zip(_TAKEN_OVER, parent, strict=True)), **columns}
    session.execute(
        insert(Campaign)
        .values(
            id=step_id, step_of=campaign_id, place=place, channel=channel.value, state=CampaignState.SENDING.value,
            audience={}, awaits_more=place > 0, created_at=now, updated_at=now, started_at=now, send_at=now, **values,
        )
        .on_conflict_do_nothing()
    )  # fmt: skip


def of(session: Session, campaign_id: UUID) -> Sequence[Campaign]:
    """In their order; none before the campaign has started."""
    return session.scalars(_of(campaign_id)).all()


def steps_for_update(session: Session, campaign_id: UUID) -> Sequence[Campaign]:
    """The same, locked, as they are once they are."""
    fresh = {"populate_existing": True}
    return session.scalars(_of(campaign_id).with_for_update(), execution_options=fresh).all()


def _of(campaign_id: UUID) -> Any:
    query = select(Campaign).options(*_WITHOUT_CONTENT)
    return query.where(Campaign.step_of == campaign_id).order_by(Campaign.place)


def are_settled(session: Session, campaign_id: UUID) -> bool:
    statement = "SELECT NOT EXISTS (SELECT FROM campaigns WHERE step_of = :id AND settled_at IS NULL)"
    return bool(session.scalar(text(statement), {"id": campaign_id}))
