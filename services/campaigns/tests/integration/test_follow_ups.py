"""Campaigns that follow another one, and boosters, which go by themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from chassis.database import Database
from contracts.errors import Conflict, Forbidden, Invalid, NotFound

from .test_schedules import another_user, later

BOOSTER = {
    "who": "not_clicked", "after_minutes": 120, "channel": "sms", "sender": "WICI", "content": {"text": "Jeszcze raz"},
}  # fmt: skip


def test_follow_up_is_a_draft_for_those_who_did_or_did_not(caller: Callable) -> None:
    owner = caller()
    original = owner.draft(name="Lato")
    draft = owner("follow_up_campaign", campaign_id=original["id"], who="not_opened")
    assert (draft["name"], draft["state"], draft["content"]) == ("Follow-up of Lato", "draft", original["content"])
    assert draft["audience"]["follow_up"] == {"campaign_id": original["id"], "who": "not_opened", "channel": "sms"}
    other = owner("follow_up_campaign", campaign_id=original["id"], who="opened", channel="email", name="Inna")
    assert (other["name"], other["sender"], other["content"]) == ("Inna", None, {})
    with pytest.raises(NotFound):
        caller()("follow_up_campaign", campaign_id=original["id"], who="opened")
    stranger = caller()
    for change in (
        lambda: stranger.draft(audience={"follow_up": {"campaign_id": original["id"], "who": "opened"}}),
        lambda: stranger(
            "update_campaign",
            campaign_id=stranger.draft()["id"],
            audience={"follow_up": {"campaign_id": str(uuid4()), "who": "opened"}},
        ),
    ):
        with pytest.raises(Invalid) as refused:
            change()
        assert refused.value.errors[0]["field"] == "audience.follow_up.campaign_id"


def test_who_follows_a_campaign_may_read_it(caller: Callable) -> None:
    """An audience of those who did tells who did."""
    owner = caller()
    theirs = owner.draft()["id"]
    mailer = another_user(owner, permissions=[f"email.campaigns.{right}" for right in ("read", "write", "send")])
    draft = mailer("create_campaign", channel="email", name="Inna")
    mail = {"channel": "email", "sender": {"from_email": "a@x.example"}, "content": {"subject": "x", "html": "<p>x"}}
    following = {"follow_up": {"campaign_id": theirs, "who": "opened"}}
    for change in (
        lambda: mailer("create_campaign", channel="email", name="Inna", audience=following),
        lambda: mailer("update_campaign", campaign_id=draft["id"], audience=following),
        lambda: mailer("boost_campaign", campaign_id=theirs, **{**BOOSTER, **mail}),
    ):
        with pytest.raises(Forbidden) as refused:
            change()
        assert "sms.campaigns.read" in refused.value.detail


def test_booster_is_given_its_time_once_the_campaign_has_been_sent_and_goes_then(
    caller: Callable, channel: Any, dispatcher: Callable, database: Database
) -> None:
    """Two dispatchers; what its hour is, the test says by moving it."""
    owner = caller()
    campaign_id = later(owner, name="Lato")
    booster = owner("boost_campaign", campaign_id=campaign_id, **BOOSTER)
    assert (booster["name"], booster["state"], booster["send_at"]) == ("Booster of Lato", "scheduled", None)
    assert booster["audience"]["follow_up"] == {
        "campaign_id": campaign_id, "who": "not_clicked", "channel": "sms",
    }  # fmt: skip
    with pytest.raises(Conflict) as refused:
        owner("boost_campaign", campaign_id=campaign_id, **BOOSTER)
    assert refused.value.code == "campaign.has_booster"
    owner("pause_campaign", campaign_id=booster["id"])
    owner("resume_campaign", campaign_id=booster["id"])
    for _ in range(2):
        dispatcher()
    owner("reschedule_campaign", campaign_id=campaign_id)
    sent = owner.wait_for(campaign_id, "sent")

    timed = owner("get_campaign", campaign_id=booster["id"])
    all_out = datetime.fromisoformat(timed["send_at"]) - timedelta(minutes=120)
    assert datetime.fromisoformat(sent["started_at"]) < all_out <= datetime.fromisoformat(sent["finished_at"])
    with database.transaction() as session:
        session.execute(text("UPDATE campaigns SET send_at = now() WHERE id = :id"), {"id": booster["id"]})
        session.execute(text("SELECT pg_notify('campaigns', '')"))
    sent = owner.wait_for(booster["id"], "sent")
    assert sent["progress"]["recipients"] == 40 and len(channel.seen) == 2
    with pytest.raises(Conflict) as refused:
        owner("boost_campaign", campaign_id=booster["id"], **BOOSTER)
    assert refused.value.code == "campaign.is_booster"


def test_booster_ends_with_its_campaign_and_is_its_own_as_a_draft(caller: Callable) -> None:
    owner = caller()
    campaign_id = later(owner)
    ended = owner("boost_campaign", campaign_id=campaign_id, **BOOSTER)["id"]
    owner("cancel_campaign", campaign_id=campaign_id)
    assert owner("get_campaign", campaign_id=ended)["state"] == "cancelled"
    with pytest.raises(Conflict):
        owner("boost_campaign", campaign_id=campaign_id, **BOOSTER)

    campaign_id = later(owner)
    kept = owner("boost_campaign", campaign_id=campaign_id, **BOOSTER)["id"]
    assert owner("unschedule_campaign", campaign_id=kept)["booster_of"] is None
    owner("cancel_campaign", campaign_id=campaign_id)
    assert owner("get_campaign", campaign_id=kept)["state"] == "draft"


def test_request_made_twice_makes_one_booster_and_what_cannot_be_boosted_is_refused(caller: Callable) -> None:
    owner = caller()
    campaign_id = later(owner)
    again = owner.with_key("one")
    assert again("boost_campaign", campaign_id=campaign_id, **BOOSTER) == again(
        "boost_campaign", campaign_id=campaign_id, **BOOSTER
    )
    variants = [{"name": "A", "content": {"text": "Raz"}}, {"name": "B"}]
    ab_test = {"variants": variants, "share_percent": 20, "metric": "clicks", "wait_minutes": 30}
    for tested, body, refusal in (
        (owner.draft(ab_test=ab_test)["id"], BOOSTER, Conflict),
        (owner.draft()["id"], {**BOOSTER, "content": {"text": "{{ shoe_size }}"}}, Invalid),
        (owner.draft()["id"], {**BOOSTER, "sender": "MÓJBANK"}, Invalid),
        (str(uuid4()), BOOSTER, NotFound),
    ):
        with pytest.raises(refusal):
            owner("boost_campaign", campaign_id=tested, **body)
    with pytest.raises(NotFound):
        caller()("boost_campaign", campaign_id=campaign_id, **BOOSTER)
