"""Rows as they are answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from campaigns import domain
from campaigns.models import Campaign, CampaignLeftOut, Template, TemplateVersion, UnsubscribePage
from campaigns.ready_made import ReadyMade
from contracts.campaigns.templates import TemplateKind
from contracts.vocabulary import AbMetric, AbOutcome, CampaignState, Channel, IfUndecided, LeftOut

Answer = dict[str, Any]

_COUNTS = ("recipients", "published", "submitted", "failed", "deferred")


def campaign(row: Campaign) -> Answer:
    """A campaign as `contracts.campaigns.drafts` shows it; without its content where that was not loaded."""
    shown = _columns(row)
    shown["state"], shown["send_at"] = CampaignState(row.state), row.goes_at
    progress = domain.progress(
        {name: shown[name] for name in _COUNTS}, [shown.pop("left_out"), shown.pop("channel_left_out")]
    )
    shown["channels"] = [Channel(one) for one in row.channels]
    shown["step_of"] = None if row.step_of is None else {"campaign_id": row.step_of, "place": (row.place or 0) + 1}
    if row.step_channels is not None:
        progress = domain.progress_of_people(progress, row.counts_of_people or {}, shown["state"])
    shown["progress"] = {**progress, "left_lists": shown.pop("left_lists")}
    if "content" in shown:
        shown["ab_test"] = ab_test(row)
    shown["approval"] = approval(row)
    shown["ab_progress"] = ab_progress(row)
    shown["failure"] = {"code": row.failure_code, "detail": row.failure_detail} if row.failure_code else None
    return shown


def approval(row: Campaign) -> Answer | None:
    """Of a campaign that takes a second person."""
    if not row.awaits_approval and row.approved_at is None:
        return None
    is_given = row.approved_at is not None
    return {"is_given": is_given, "approved_by": row.approved_by, "approved_at": row.approved_at}


def ab_test(row: Campaign) -> Answer | None:
    """The test as it was written: its rules with the variants' names and what each says otherwise."""
    if row.ab_test is None:
        return None
    rules = {name: value for name, value in row.ab_test.items() if name != "names"}
    named = zip(row.ab_test["names"], row.variants or (), strict=True)
    return {
        **rules,
        "metric": AbMetric(rules["metric"]),
        "if_undecided": IfUndecided(rules["if_undecided"]),
        "variants": [{"name": name, **said} for name, said in named],
    }


def ab_progress(row: Campaign) -> Answer | None:
    """How far the test of a campaign is that has started."""
    if row.ab_test is None or row.variant_size is None:
        return None
    decision = row.ab_decision
    return {
        "stage": domain.stage_of(tested=row.tested_at, decided=decision, winner=row.winner),
        "recipients_each": row.variant_size,
        "tested_at": row.tested_at,
        "winner": None if row.winner is None else row.ab_test["names"][row.winner],
        "chosen_by": row.winner_by,
        "decision": decision
        and {
            **decision,
            "outcome": AbOutcome(decision["outcome"]),
            "decided_at": datetime.fromisoformat(decision["decided_at"]),
        },
    }


def left_out(row: CampaignLeftOut, *, shows_contact: bool) -> Answer:
    contact_id = row.contact_id if shows_contact else None
    return {"number": row.number, "reason": LeftOut(row.reason), "contact_id": contact_id}


def template(row: Template) -> Answer:
    """A template as `contracts.campaigns.templates` shows it."""
    return {**_columns(row), "subject": row.subject, "kind": TemplateKind.OWN, "language": None}


template_summary = template  # of a row whose content was not loaded


def template_version(row: TemplateVersion, *, has_picture: bool) -> Answer:
    return {**_loaded(row), "has_picture": has_picture}


def ready_made(one: ReadyMade) -> Answer:
    return {
        "id": one.id,
        "kind": TemplateKind.READY_MADE,
        "name": one.name,
        "folder": "",
        "subject": one.content["subject"],
        "channel": one.channel,
        "language": one.language,
        "version": 1,
        "created_at": None,
        "updated_at": None,
        "has_picture": False,
    }


def unsubscribe_page(row: UnsubscribePage, reasons: Mapping[str, int]) -> Answer:
    """A page as `contracts.campaigns.unsubscribe_pages` shows it."""
    return {**_loaded(row), "reasons": reasons}


def _columns(row: Campaign | Template) -> Answer:
    return {**_loaded(row), "channel": Channel(row.channel)}


def _loaded(row: Any) -> Answer:
    """The columns that were loaded: a list leaves the content in the database."""
    return {name: value for name, value in vars(row).items() if not name.startswith("_")}
