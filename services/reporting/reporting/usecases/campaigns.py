"""Campaigns as reporting knows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from contracts.errors import NotFound
from contracts.vocabulary import CampaignState, Channel
from reporting.store import campaigns

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def record_campaign_start(session: Session, campaign: Mapping[str, Any]) -> None:
    """Remember a campaign; harmless when repeated: it says the same."""
    campaigns.record_start(session, {**campaign, "channel": campaign["channel"].value})


def record_campaign_state(session: Session, change: Mapping[str, Any]) -> None:
    """Remember a campaign's state; harmless when repeated or late: only a later one replaces it."""
    campaigns.record_state(
        session,
        campaign_id=change["campaign_id"],
        account_id=change["account_id"],
        state=change["state"].value,
        at=change["occurred_at"],
    )


def known_campaign(session: Session, account_id: UUID, campaign_id: UUID) -> dict[str, Any]:
    """A campaign as far as it is known: its messages may come before the news that it has started."""
    found = campaigns.find(session, account_id=account_id, campaign_id=campaign_id)
    channel = found["channel"] if found else None
    if channel is None:
        channel = campaigns.channel_in_log(session, account_id=account_id, campaign_id=campaign_id)
    if channel is None:
        raise NotFound(
            "campaign.not_found",
            "There is no such campaign, or it has not started.",
            {"campaign_id": str(campaign_id)},
        )
    return {
        "campaign_id": campaign_id,
        "name": found["name"] if found else None,
        "channel": Channel(channel),
        "state": CampaignState(found["state"]) if found and found["state"] else None,
        "recipients": found["recipients"] if found else None,
        "started_at": found["started_at"] if found else None,
    }


def ensure_campaign(session: Session, account_id: UUID, campaign_id: UUID) -> None:
    """Raises `NotFound` unless the account has that campaign."""
    known_campaign(session, account_id, campaign_id)
