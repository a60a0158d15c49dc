"""Rows as they are answered."""

from __future__ import annotations

from typing import Any

from campaigns import domain
from campaigns.models import Campaign, Template, TemplateVersion
from campaigns.ready_made import ReadyMade
from contracts.campaigns.templates import TemplateKind
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
    return {**_columns(row), "kind": TemplateKind.OWN, "language": None}


template_summary = template  # of a row whose content was not loaded


def template_version(row: TemplateVersion) -> Answer:
    return {name: value for name, value in vars(row).items() if not name.startswith("_")}


def ready_made(one: ReadyMade) -> Answer:
    return {
        "id": one.id, "kind": TemplateKind.READY_MADE, "name": one.name, "folder": "", "channel": one.channel,
        "language": one.language, "version": 1, "created_at": None, "updated_at": None,
    }  # fmt: skip


def _columns(row: Campaign | Template) -> Answer:
    """The columns that were loaded: a list leaves the content in the database."""
    shown = {name: value for name, value in vars(row).items() if not name.startswith("_")}
    return {**shown, "channel": Channel(row.channel)}
