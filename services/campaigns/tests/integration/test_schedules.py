"""A scheduled campaign before it starts: another time, a draft again, a second person's approval, hours of zones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from campaigns import domain
from campaigns.store import leases
from chassis.database import Database
from chassis.testing import wait_until
from contracts.errors import Conflict, Forbidden, Invalid, NotFound

from .test_ab_tests import AB_TEST

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)


def another_user(owner: Any, **actor: Any) -> Any:
    other = owner.with_key("")
    del other.actor["request_key"]
    other.actor |= {"user_id": str(uuid4()), **actor}
    return other


def later(owner: Any, **parts: Any) -> str:
    campaign = owner.draft(1000, **parts)
    owner("schedule_campaign", campaign_id=campaign["id"], at=TOMORROW.isoformat())
    return str(campaign["id"])


def test_unscheduled_campaign_is_a_draft_that_can_be_changed_and_scheduled_again(caller: Callable) -> None:
    owner = caller()
    campaign_id = later(owner)
    for _ in range(2):
        draft = owner("unschedule_campaign", campaign_id=campaign_id)
        assert draft["state"] == "draft" and draft["send_at"] is None
    reservation = owner.look()["reservations"][str(domain.reservation_id(draft_id(draft)))]
    assert reservation["released"] == 1
    owner("update_campaign", campaign_id=campaign_id, name="Jesień")
    again = owner("schedule_campaign", campaign_id=campaign_id, at=TOMORROW.isoformat())
    assert (again["state"], again["name"]) == ("scheduled", "Jesień")
    with pytest.raises(NotFound):
        caller()("unschedule_campaign", campaign_id=campaign_id)


def draft_id(campaign: Any) -> Any:
    return UUID(campaign["id"])


def test_time_can_be_changed_until_it_starts(caller: Callable) -> None:
    owner = caller()
    campaign_id = later(owner)
    moved = owner("reschedule_campaign", campaign_id=campaign_id, at=(TOMORROW + timedelta(days=1)).isoformat())
    assert datetime.fromisoformat(moved["send_at"]) == TOMORROW + timedelta(days=1)
    with pytest.raises(Invalid):
        owner("reschedule_campaign", campaign_id=campaign_id, at="2020-01-01T00:00")
    owner("unschedule_campaign", campaign_id=campaign_id)
    with pytest.raises(Conflict):
        owner("reschedule_campaign", campaign_id=campaign_id)


def test_what_a_dispatcher_has_in_hand_is_not_unscheduled(caller: Callable, database: Database) -> None:
    """It may be reserving and taking the audience at this moment; one whose lease is over does no harm any more."""
    owner, dead = caller(), uuid4()
    campaign_id = owner.scheduled(1000)
    with database.transaction() as session:
        assert leases.claim(session, owner=dead, lease=timedelta(minutes=1), limit=10) == 1
    for command in ("unschedule_campaign", "reschedule_campaign"):
        with pytest.raises(Conflict) as refused:
            owner(command, campaign_id=campaign_id)
        assert refused.value.code == "campaign.is_starting"
    with database.transaction() as session:
        session.execute(text("UPDATE campaigns SET lease_expires_at = now() - interval '1 second'"))
    owner("unschedule_campaign", campaign_id=campaign_id)
    begun = {"send_id": uuid4(), "recipients": 5, "content_hash": "", "units_each": 1, "reserved_units": 5}
    with database.transaction() as session:
        assert not leases.begin(session, owner=dead, campaign_id=UUID(campaign_id), seen_at=None, **begun)


def test_what_a_dispatcher_has_prepared_does_not_begin_once_it_is_another(caller: Callable, database: Database) -> None:
    """Paused, changed and scheduled again while its content was on its way: the lease is still the dispatcher's."""
    owner, lease = caller(), {"owner": uuid4(), "lease": timedelta(minutes=1)}
    campaign_id = owner.scheduled(1000)
    begun = {"send_id": uuid4(), "recipients": 5, "content_hash": "", "units_each": 1, "reserved_units": 5}
    begun |= {"owner": lease["owner"], "campaign_id": UUID(campaign_id)}

    def seen() -> datetime | None:
        with database.transaction() as session:
            leases.claim(session, **lease, limit=10)
            return leases.renew(session, **lease)[0].updated_at

    before = seen()
    owner("pause_campaign", campaign_id=campaign_id)
    owner("resume_campaign", campaign_id=campaign_id)
    with database.transaction() as session:
        assert not leases.begin(session, seen_at=before, **begun)
    now_seen = seen()
    with database.transaction() as session:
        assert leases.begin(session, seen_at=now_seen, **begun)


def test_large_campaign_waits_for_a_second_person(caller: Callable, channel: Any, dispatcher: Callable) -> None:
    owner = caller()
    boss = another_user(owner)
    owner("set_campaign_rules", quiet_hours=None, approval_above=500)
    small, large = owner.scheduled(500), owner.scheduled(501)
    dispatcher()
    owner.wait_for(small, "sent")
    waiting = owner("get_campaign", campaign_id=large)
    assert waiting["state"] == "scheduled" and waiting["approval"]["is_given"] is False

    for nobody, code in (
        (owner, "approval.same_person"),
        (another_user(owner, api_key_id=str(uuid4())), "approval.session_needed"),
        (another_user(owner, permissions=["sms.campaigns.send"]), "permission.missing"),
    ):
        with pytest.raises(Forbidden) as refused:
            nobody("approve_campaign", campaign_id=large)
        assert refused.value.code == code
    with pytest.raises(NotFound):
        caller()("approve_campaign", campaign_id=large)
    for _ in range(2):
        assert boss("approve_campaign", campaign_id=large)["approval"]["approved_by"] == boss.actor["user_id"]
    owner.wait_for(large, "sent")
    with pytest.raises(Conflict):
        boss("approve_campaign", campaign_id=small)


@pytest.mark.parametrize("why", ["approval", "zones", "variants", "nothing"])
def test_what_dispatchers_of_before_would_send_otherwise_is_not_there_for_them(
    caller: Callable, database: Database, why: str
) -> None:
    """They take whatever is scheduled with a `send_at` that is over, during an upgrade and after going back."""
    owner = caller()
    if why == "approval":
        owner("set_campaign_rules", quiet_hours=None, approval_above=10)
    parts: dict[str, Any] = {"zones": {"options": {"time_zone_field": "city"}}, "variants": {"ab_test": AB_TEST}}
    campaign_id = later(owner, **parts.get(why, {}))
    at = (TOMORROW + timedelta(days=1)).isoformat()
    shown = [
        owner("get_campaign", campaign_id=campaign_id),
        owner("reschedule_campaign", campaign_id=campaign_id, at=at),
    ]
    assert [one["send_at"] for one in shown] == [TOMORROW.isoformat(), at]

    def seen_of_old() -> bool:
        with database.transaction() as session:
            query = "SELECT send_at IS NOT NULL FROM campaigns WHERE state = 'scheduled' AND id = :id"
            return bool(session.scalar(text(query), {"id": campaign_id}))

    assert seen_of_old() is (why == "nothing")
    if why == "approval":
        approved = another_user(owner)("approve_campaign", campaign_id=campaign_id)
        assert seen_of_old() and approved["send_at"] == at
    assert owner("unschedule_campaign", campaign_id=campaign_id)["send_at"] is None


def test_edit_after_an_approval_voids_it_and_its_editor_is_no_second_person(caller: Callable) -> None:
    owner = caller()
    boss, third = another_user(owner), another_user(owner)
    owner("set_campaign_rules", quiet_hours=None, approval_above=10)
    campaign_id = later(owner)
    boss("approve_campaign", campaign_id=campaign_id)
    assert owner("reschedule_campaign", campaign_id=campaign_id, at=TOMORROW.isoformat())["approval"] == {
        "is_given": False, "approved_by": None, "approved_at": None,
    }  # fmt: skip
    boss("approve_campaign", campaign_id=campaign_id)
    owner("unschedule_campaign", campaign_id=campaign_id)
    boss("update_campaign", campaign_id=campaign_id, name="Inaczej")
    owner("schedule_campaign", campaign_id=campaign_id, at=TOMORROW.isoformat())
    with pytest.raises(Forbidden):
        boss("approve_campaign", campaign_id=campaign_id)
    assert third("approve_campaign", campaign_id=campaign_id)["approval"]["is_given"]


def test_hours_set_later_that_leave_no_time_pause_what_is_sent_with_the_reason(
    caller: Callable, channel: Any, dispatcher: Callable
) -> None:
    owner = caller()
    campaign_id = owner.scheduled(600, options={"quiet_hours": {"start": "00:00", "end": "12:00"}})
    owner("set_campaign_rules", quiet_hours={"start": "12:00", "end": "00:00"}, approval_above=None)
    dispatcher()
    paused = owner.wait_for(campaign_id, "paused")
    assert paused["failure"]["code"] == "quiet_hours.never_open" and not channel.seen


def test_campaign_that_has_grown_since_waits_when_it_starts(
    caller: Callable, channel: Any, dispatcher: Callable, database: Database
) -> None:
    owner = caller()
    campaign_id = owner.scheduled(600)
    owner("set_campaign_rules", quiet_hours=None, approval_above=500)
    dispatcher()
    wait_until(lambda: owner("get_campaign", campaign_id=campaign_id)["approval"], what="its waiting")
    assert not channel.seen
    another_user(owner)("approve_campaign", campaign_id=campaign_id)
    owner.wait_for(campaign_id, "sent")


def test_hours_that_cannot_be_are_refused_at_scheduling(caller: Callable) -> None:
    owner = caller()
    owner("set_campaign_rules", quiet_hours={"start": "08:00", "end": "20:00"}, approval_above=None)
    assert owner("get_campaign_rules") == {"quiet_hours": {"start": "08:00", "end": "20:00"}, "approval_above": None}
    variants = [{"name": "A", "content": {"text": "Raz"}}, {"name": "B"}]
    ab_test = {"variants": variants, "share_percent": 20, "metric": "clicks", "wait_minutes": 30}
    for parts, field in (
        ({"options": {"quiet_hours": {"start": "20:00", "end": "08:00"}}}, "options.quiet_hours"),
        ({"options": {"time_zone_field": "shoe_size"}}, "options.time_zone_field"),
        ({"options": {"time_zone_field": "city"}, "ab_test": ab_test}, "options.time_zone_field"),
    ):
        campaign = owner.draft(1000, **parts)
        with pytest.raises(Invalid) as refused:
            owner("schedule_campaign", campaign_id=campaign["id"])
        assert refused.value.errors[0]["field"] == field
    # Noon: no clock leaves that out.
    at = (TOMORROW + timedelta(days=1)).replace(hour=12, minute=0, second=0, tzinfo=None)
    campaign = owner.draft(1000, options={"time_zone_field": "city"})
    scheduled = owner("schedule_campaign", campaign_id=campaign["id"], at=at.isoformat())
    assert datetime.fromisoformat(scheduled["local_at"]) == at
    assert datetime.fromisoformat(scheduled["send_at"]) == at.replace(tzinfo=UTC) - timedelta(hours=14)
