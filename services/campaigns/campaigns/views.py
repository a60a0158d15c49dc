"""How rows are shown."""

from __future__ import annotations

from typing import Any

from campaigns.models import Campaign, Template
from campaigns.store.pages import Page
from contracts import campaigns as wire
from contracts.schema import dump
from contracts.vocabulary import CampaignState, Channel

_COUNTS = ("recipients", "published", "submitted", "failed", "deferred")


def of_campaign(campaign: Campaign) -> dict[str, Any]:
    """A campaign as `contracts.campaigns.Campaign`."""
    shown: dict[str, Any] = dump(wire.Campaign, _campaign(campaign))
    return shown


def of_campaigns(page: Page) -> dict[str, Any]:
    items = dump(wire.CampaignSummary, [_campaign(campaign) for campaign in page.items], many=True)
    return {"items": items, "next_cursor": page.next_cursor}


def of_template(template: Template) -> dict[str, Any]:
    """A template as `contracts.campaigns.Template`."""
    shown: dict[str, Any] = dump(wire.Template, _columns(template))
    return shown


def of_templates(page: Page) -> dict[str, Any]:
    return {"items": [of_template(template) for template in page.items], "next_cursor": page.next_cursor}


def _campaign(campaign: Campaign) -> dict[str, Any]:
    shown = _columns(campaign)
    shown["state"] = CampaignState(campaign.state)
    shown["progress"] = {name: shown[name] for name in _COUNTS}
    failure = {"code": campaign.failure_code, "detail": campaign.failure_detail}
    shown["failure"] = failure if campaign.failure_code else None
    return shown


def _columns(row: Campaign | Template) -> dict[str, Any]:
    """The columns that were loaded: a list leaves the content in the database."""
    shown = {name: value for name, value in vars(row).items() if not name.startswith("_")}
    return {**shown, "channel": Channel(row.channel)}
