"""What is done to campaigns and templates is told to the audit trail, once each."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.errors import Conflict
from contracts.events import CAMPAIGNS_ACT


def test_every_change_is_told_once_with_who_and_what(caller: Callable, acts_told: Callable[..., list[Any]]) -> None:
    owner = caller()
    in_a_month = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    twice = owner.with_key("6f7d1f52-0000-4000-8000-000000000001")
    campaign = twice.draft()["id"]
    assert twice.draft()["id"] == campaign
    owner("update_campaign", campaign_id=campaign, name="Zima", options={"throttle_per_hour": 600})
    for _ in range(2):
        twice("schedule_campaign", campaign_id=campaign, at=in_a_month)
    for command in ("pause", "pause", "resume", "cancel", "cancel"):
        owner(f"{command}_campaign", campaign_id=campaign)
    with pytest.raises(Conflict):
        owner("resume_campaign", campaign_id=campaign)
    copy = owner("duplicate_campaign", campaign_id=campaign)["id"]
    owner("delete_campaign", campaign_id=copy)
    template = owner("create_template", name="Kod", channel="sms", content={"text": "Kod {{ code }}"})["id"]
    owner("update_template", template_id=template, name="Kody")
    owner("delete_template", template_id=template)

    told = acts_told(CAMPAIGNS_ACT, {campaign, copy, template}, until="template.deleted")

    assert [(act["action"], act["target_id"]) for act in told] == [
        ("campaign.created", campaign),
        ("campaign.changed", campaign),
        ("campaign.scheduled", campaign),
        ("campaign.paused", campaign),
        ("campaign.resumed", campaign),
        ("campaign.cancelled", campaign),
        ("campaign.created", copy),
        ("campaign.deleted", copy),
        ("template.created", template),
        ("template.changed", template),
        ("template.deleted", template),
    ]
    assert {str(act["user_id"]) for act in told} == {owner.actor["user_id"]}
    assert {act["request_id"] for act in told} == {"request-1"}
    assert told[1]["details"] == {"fields": ["name", "options"]}
    assert told[2]["details"]["recipients"] == 1200
    assert "{{" not in str(told), "no content stands in the trail"


def test_a_request_that_comes_again_while_the_first_runs_is_answered_alike(caller: Callable) -> None:
    owner = caller()
    campaign = owner.draft()["id"]
    twice = owner.with_key("6f7d1f52-0000-4000-8000-000000000002")
    in_a_month = (datetime.now(UTC) + timedelta(days=30)).isoformat()

    with ThreadPoolExecutor() as callers:
        asked = [callers.submit(twice, "schedule_campaign", campaign_id=campaign, at=in_a_month) for _ in range(4)]

    assert {each.result()["state"] for each in asked} == {"scheduled"}
