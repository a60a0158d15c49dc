"""Rows as they are answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns import domain
from campaigns.models import Campaign, Template, UnsubscribePage
from contracts.vocabulary import CampaignState, Channel

Answer = dict[str, Any]

_COUNTS = ("recipients", "published", "submitted", "failed", "deferred")


def campaign(row: Campaign) -> Answer:
    """A campaign as `contracts.campaigns.drafts` shows it; without its content where that was not loaded."""
    shown = _columns(row)
    shown["state"] = CampaignState(row.state)
    shown["progress"] = domain.progress(
        {name: shown[name] for name in _COUNTS}, [shown.pop("left_out"), shown.pop("channel_left_out")]
    )
    shown["failure"] = {"code": row.failure_code, "detail": row.failure_detail} if row.failure_code else None
    return shown


def template(row: Template) -> Answer:
    """A template as `contracts.campaigns.templates` shows it."""
    return _columns(row)


def unsubscribe_page(row: UnsubscribePage, reasons: Mapping[str, int]) -> Answer:
    """A page as `contracts.campaigns.unsubscribe_pages` shows it."""
    return {**_loaded(row), "reasons": reasons}


def _columns(row: Campaign | Template) -> Answer:
    return {**_loaded(row), "channel": Channel(row.channel)}


def _loaded(row: Any) -> Answer:
    """The columns that were loaded: a list leaves the content in the database."""
    return {name: value for name, value in vars(row).items() if not name.startswith("_")}
