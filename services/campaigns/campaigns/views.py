"""How rows are shown."""

from __future__ import annotations

from typing import Any

import marshmallow

from campaigns.models import Campaign
from campaigns.store.pages import Page
from contracts import campaigns as wire
from contracts.schema import dump

_COUNTS = ("recipients", "published", "submitted", "failed", "deferred")


def of_campaign(campaign: Campaign) -> dict[str, Any]:
    """A campaign as `contracts.campaigns.Campaign`."""
    shown: dict[str, Any] = dump(wire.Campaign, _with_groups(campaign))
    return shown


def of_page(item: type[marshmallow.Schema], page: Page) -> dict[str, Any]:
    """One page of a list."""
    rows = [_with_groups(row) if isinstance(row, Campaign) else row for row in page.items]
    return {"items": dump(item, rows, many=True), "next_cursor": page.next_cursor}


def _with_groups(campaign: Campaign) -> dict[str, Any]:
    """The row's own columns (those that were loaded), its counts and its failure grouped."""
    shown = {name: value for name, value in vars(campaign).items() if not name.startswith("_")}
    shown["progress"] = {name: shown[name] for name in _COUNTS}
    failure = {"code": campaign.failure_code, "detail": campaign.failure_detail}
    shown["failure"] = failure if campaign.failure_code else None
    return shown
