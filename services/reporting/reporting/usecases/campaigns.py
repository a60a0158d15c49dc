"""Campaigns as reporting knows them: by the events of campaigns, and by their messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from chassis.database import Session
from contracts.errors import NotFound
from contracts.vocabulary import CampaignState, Channel
from reporting.store import campaigns


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


def campaign_as_known(session: Session, account_id: UUID, campaign_id: UUID) -> dict[str, Any]:
    """A campaign as far as it is known: its messages may come before the event that it has started."""
    row = campaigns.find(session, account_id=account_id, campaign_id=campaign_id)
    channel = row["channel"] if row else None
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
        "name": row["name"] if row else None,
        "channel": Channel(channel),
        "state": CampaignState(row["state"]) if row and row["state"] else None,
        "recipients": row["recipients"] if row else None,
        "started_at": row["started_at"] if row else None,
    }


def ensure_campaign(session: Session, account_id: UUID, campaign_id: UUID) -> None:
    """Raises `NotFound` unless the account has that campaign."""
    campaign_as_known(session, account_id, campaign_id)
