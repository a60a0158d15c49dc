"""Campaigns as their owners see them, over the real bus."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from campaigns.domain import reservation_id
from contracts.errors import Conflict, Forbidden, Invalid, NotFound, PlanLimit
from contracts.vocabulary import LeftOut

# Six in the evening, a month from now: by the account's clock in Warsaw, as a person writes it.
EVENING = (datetime.now(ZoneInfo("Europe/Warsaw")) + timedelta(days=30)).replace(
    hour=18, minute=0, second=0, microsecond=0
)
LOCAL, WITH_OFFSET = f"{EVENING:%Y-%m-%dT%H:%M}", EVENING.isoformat()


def test_draft_can_be_written_in_pieces_read_and_deleted(caller: Callable) -> None:
    owner = caller()
    campaign = owner("create_campaign", name="Wiosna", channel="email")
    assert campaign["state"] == "draft" and campaign["content"] == {}

    owner("update_campaign", campaign_id=campaign["id"], content={"subject": "Hej"}, options={"throttle_per_hour": 60})
    shown = owner("get_campaign", campaign_id=campaign["id"])
    assert shown["content"] == {"subject": "Hej"} and shown["options"] == {"throttle_per_hour": 60}
    assert shown["progress"] == {
        **dict.fromkeys(("published", "submitted", "failed", "deferred", "left_lists"), 0),
        **dict.fromkeys(("recipients", "to_come")),
        "left_out": dict.fromkeys(LeftOut, 0),
    }

    assert owner("get_progress", campaign_id=campaign["id"]) == shown["progress"]
    with pytest.raises(NotFound):
        caller()("get_progress", campaign_id=campaign["id"])

    owner("delete_campaign", campaign_id=campaign["id"])
    with pytest.raises(NotFound):
        owner("get_campaign", campaign_id=campaign["id"])


def test_draft_whose_scheduling_was_refused_can_be_deleted(caller: Callable) -> None:
    owner = caller()
    campaign_id = owner.draft(content={"text": "Hej {{ nobody_has_this }}"})["id"]
    with pytest.raises(Invalid):
        owner("schedule_campaign", campaign_id=campaign_id)

    owner("delete_campaign", campaign_id=campaign_id)

    with pytest.raises(NotFound):
        owner("get_campaign", campaign_id=campaign_id)


def test_list_is_searched_by_name_folder_and_tag(caller: Callable) -> None:
    owner = caller()
    spring = owner.draft(name="Wiosna 100%", folder="Sezonowe", tags=["sezon", "sms"])["id"]
    autumn = owner.draft(name="JESIEŃ", folder="Sezonowe", tags=["sezon"])["id"]
    plain = owner.draft(name="Inne")["id"]

    def found(**asked: Any) -> set[str]:
        return {one["id"] for one in owner("list_campaigns", **asked)["items"]}

    assert found(q="jesień") == {autumn} and found(q="0%") == {spring} and found(q="_") == set()
    assert found(folder="Sezonowe") == {spring, autumn} and found(folder="Sezonowe", q="wios") == {spring}
    assert found(tag="sms") == {spring} and found(tag="nic") == set()
    assert owner("duplicate_campaign", campaign_id=spring)["tags"] == ["sezon", "sms"]
    moved = owner("update_campaign", campaign_id=plain, folder="Sezonowe", tags=["x"])
    assert (moved["folder"], moved["tags"]) == ("Sezonowe", ["x"])
    assert caller()("list_campaigns", folder="Sezonowe")["items"] == []


def test_list_is_paged_newest_first_without_content(caller: Callable) -> None:
    owner = caller()
    made = [owner.draft(name=f"Kampania {number}")["id"] for number in range(5)]

    first = owner("list_campaigns", limit=3)
    second = owner("list_campaigns", limit=3, cursor=first["next_cursor"])

    assert [item["id"] for item in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None and "content" not in first["items"][0]
    with pytest.raises(Invalid):
        owner("list_campaigns", cursor="not-a-cursor")


def test_another_account_sees_nothing(caller: Callable) -> None:
    owner, stranger = caller(), caller()
    campaign_id = owner.draft()["id"]
    template_id = owner("create_template", name="T", channel="sms", content={"text": "x"})["id"]

    for method in ("get", "delete", "update", "schedule", "pause", "resume", "cancel", "duplicate"):
        with pytest.raises(NotFound):
            stranger(f"{method}_campaign", campaign_id=campaign_id)
    for method in ("preview_campaign", "test_campaign"):
        with pytest.raises(NotFound):
            stranger(method, campaign_id=campaign_id, sample={"fields": {}}, addresses=["+48600100200"])
    for method in ("get", "update", "delete"):
        with pytest.raises(NotFound):
            stranger(f"{method}_template", template_id=template_id)
    assert stranger("list_campaigns")["items"] == [] and stranger("list_templates")["items"] == []


def test_rights_are_checked_for_the_campaigns_own_channel(caller: Callable) -> None:
    owner = caller()
    sms = owner.draft()["id"]
    reader = caller(account_id=owner.account_id, permissions=["email", "sms.campaigns.read"])

    assert reader("get_campaign", campaign_id=sms)["id"] == sms
    with pytest.raises(Forbidden) as refused:
        reader("schedule_campaign", campaign_id=sms)
    assert refused.value.extra == {"permission": "sms.campaigns.send"}
    with pytest.raises(Forbidden):
        reader("update_campaign", campaign_id=sms, name="x")
    email_only = caller(account_id=owner.account_id, permissions=["email"])
    assert email_only("list_campaigns")["items"] == []
    with pytest.raises(Forbidden):
        email_only("list_campaigns", channel="sms")


def test_schedule_reserves_the_quota_and_only_a_draft_can_be_changed(caller: Callable) -> None:
    owner = caller()
    campaign_id = owner.draft(1200)["id"]

    scheduled = owner("schedule_campaign", campaign_id=campaign_id, at=LOCAL)

    assert scheduled["state"] == "scheduled" and datetime.fromisoformat(scheduled["send_at"]) == EVENING
    assert owner.look()["reservations"][str(reservation_id(UUID(campaign_id)))]["reserved"] == 1200
    for method, changes in (("update_campaign", {"name": "x"}), ("schedule_campaign", {}), ("delete_campaign", {})):
        with pytest.raises(Conflict):
            owner(method, campaign_id=campaign_id, **changes)


def test_schedule_reserves_the_most_parts_that_somebody_looked_at_takes(caller: Callable) -> None:
    owner, small = caller(), caller(small_quota=True)
    long = {"content": {"text": "LONG {{ first_name }}"}}

    campaign_id = owner.scheduled(1200, **long)
    with pytest.raises(PlanLimit) as refused:
        small.scheduled(334, **long)

    assert owner.look()["reservations"][str(reservation_id(UUID(campaign_id)))]["reserved"] == 3 * 1200
    assert refused.value.code == "quota.exhausted"
    assert small.scheduled(333, **long)


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"content": {}}, "campaign.incomplete"),
        ({"audience": {}}, "campaign.incomplete"),
        ({"sender": None}, "campaign.incomplete"),
        ({"sender": "BANK"}, "campaign.content_refused"),
        ({"content": {"text": "{{ shoe_size }}"}}, "campaign.unknown_fields"),
        ({"audience": {"groups": [str(UUID(int=0))]}}, "campaign.audience_empty"),
    ],
)
def test_what_cannot_go_is_refused_when_scheduled_and_stays_a_draft(caller: Callable, parts: dict, code: str) -> None:
    owner = caller()
    campaign_id = owner.draft(**parts)["id"]

    with pytest.raises(Invalid) as refused:
        owner("schedule_campaign", campaign_id=campaign_id)

    assert refused.value.code == code and refused.value.errors
    assert owner("get_campaign", campaign_id=campaign_id)["state"] == "draft"


def test_quota_that_does_not_reach_is_said_when_scheduled(caller: Callable) -> None:
    owner = caller(small_quota=True)
    campaign_id = owner.draft(1001)["id"]

    with pytest.raises(PlanLimit) as refused:
        owner("schedule_campaign", campaign_id=campaign_id)

    assert refused.value.code == "quota.exhausted"
    assert owner("get_campaign", campaign_id=campaign_id)["state"] == "draft"


def test_preview_renders_for_a_contact_or_a_sample(caller: Callable) -> None:
    owner = caller()
    campaign_id = owner.draft(content={"text": "{{ first_name }} {{ discount_code }}"})["id"]

    contact = owner("preview_campaign", campaign_id=campaign_id, contact_id=str(uuid4()))
    sample = owner("preview_campaign", campaign_id=campaign_id, sample={"fields": {"first_name": "Ola"}})

    assert contact["variables"] == ["discount_code", "first_name"]
    assert contact["rendered"]["fields"] == {"first_name": "Jan", "discount_code": "LATO10"}
    assert contact["rendered"]["address"] == "+48600100200"
    assert sample["rendered"]["fields"] == {"first_name": "Ola"}
    with pytest.raises(Invalid):
        owner("preview_campaign", campaign_id=campaign_id)


def test_campaign_shows_no_contact_to_whoever_may_not_see_contacts(caller: Callable) -> None:
    owner = caller()
    campaign_id = owner.draft(content={"text": "{{ first_name }}"})["id"]
    marketer = caller(permissions=["sms.campaigns"], account_id=UUID(owner.actor["account_id"]))

    with pytest.raises(Forbidden):
        marketer("preview_campaign", campaign_id=campaign_id, contact_id=str(uuid4()))
    with pytest.raises(Forbidden):
        marketer("test_campaign", campaign_id=campaign_id, contact_id=str(uuid4()), addresses=["+48600100201"])
    sample = marketer("preview_campaign", campaign_id=campaign_id, sample={"fields": {"first_name": "Ola"}})
    assert sample["rendered"]["fields"] == {"first_name": "Ola"}


def test_test_goes_to_the_chosen_addresses(caller: Callable) -> None:
    owner = caller()
    sent = owner(
        "test_campaign", campaign_id=owner.draft()["id"], addresses=["+48600100201"], fields={"first_name": "Ola"}
    )
    assert sent["messages"] == [{"to": "+48600100201", "fields": {"first_name": "Ola"}}]


def test_pause_resume_and_cancel_before_the_hour(caller: Callable) -> None:
    owner = caller()
    campaign_id = owner.draft()["id"]
    owner("schedule_campaign", campaign_id=campaign_id, at=WITH_OFFSET)

    assert owner("pause_campaign", campaign_id=campaign_id)["state"] == "paused"
    assert owner("pause_campaign", campaign_id=campaign_id)["state"] == "paused"
    assert owner("resume_campaign", campaign_id=campaign_id)["state"] == "scheduled"
    assert owner("cancel_campaign", campaign_id=campaign_id)["state"] == "cancelled"
    with pytest.raises(Conflict):
        owner("resume_campaign", campaign_id=campaign_id)
    copied = owner("duplicate_campaign", campaign_id=campaign_id)
    assert copied["state"] == "draft" and copied["name"] == "Lato (copy)"


def test_same_request_key_makes_one_campaign_and_schedules_it_once(caller: Callable) -> None:
    owner = caller().with_key("k-1")
    first, second = owner.draft(), owner.draft()
    assert first["id"] == second["id"]

    once = owner("schedule_campaign", campaign_id=first["id"], at=LOCAL)
    again = owner("schedule_campaign", campaign_id=first["id"], at=LOCAL)
    assert once["send_at"] == again["send_at"] and again["state"] == "scheduled"


def test_templates_are_kept_per_channel(caller: Callable) -> None:
    owner = caller()
    made = owner("create_template", name="Powitanie", channel="email", content={"subject": "Hej", "html": "<p>x"})
    owner("update_template", template_id=made["id"], content={"subject": "Cześć"})

    assert owner("get_template", template_id=made["id"])["content"] == {"subject": "Cześć"}
    assert [item["id"] for item in owner("list_templates")["items"]] == [made["id"]]
    with pytest.raises(Invalid):
        owner("update_template", template_id=made["id"], content={"text_of_sms": "x"})
    owner("delete_template", template_id=made["id"])
    assert owner("list_templates")["items"] == []


@pytest.mark.parametrize(
    "payload",
    [
        {"name": "", "channel": "sms"},
        {"name": "x", "channel": "pigeon"},
        {"name": "x\x00", "channel": "sms"},
        {"name": "x", "channel": "sms", "sender": {"from_email": "a@example.com"}},
        {"name": "x", "channel": "email", "sender": "WICI"},
        {"name": "x", "channel": "sms", "content": {"text": "x\x00"}},
        {"name": "x", "channel": "sms", "content": {"html": "x"}},
        {"name": "x", "channel": "sms", "options": {"throttle_per_hour": 59}},
        {"name": "x", "channel": "sms", "options": {"quiet_hours": {"start": "25:00", "end": "08:00"}}},
        {"name": "x", "channel": "sms", "options": {"quiet_hours": {"start": "21:00\n", "end": "08:00"}}},
        {"name": "x", "channel": "email", "content": {"subject": "Hej\r\nBcc: a@example.com"}},
        {"name": "x", "channel": "sms", "audience": {"groups": ["not-an-id"]}},
    ],
)
def test_bad_input_is_refused_and_leaves_nothing(caller: Callable, payload: dict) -> None:
    owner = caller()
    with pytest.raises(Invalid) as refused:
        owner("create_campaign", **payload)
    assert refused.value.errors
    assert owner("list_campaigns")["items"] == []


def test_what_a_campaign_needs_of_contacts_is_known_while_it_is_to_go_or_going(caller: Callable) -> None:
    owner, stranger = caller(), caller()
    group, excluded, segment, other = (str(UUID(int=number)) for number in (600, 1, 2, 3))
    audience = {"groups": [group], "segments": [segment], "exclude_groups": [excluded], "exclude_segments": [other]}
    campaign = owner.draft(name="Lato", audience=audience)

    def needing(of: Any = owner, **what: list[str]) -> list[str]:
        return [one["name"] for one in of("list_campaigns_needing", **what)["campaigns"]]

    everything: list[dict[str, list[str]]] = [
        {"groups": [group]}, {"groups": [excluded]}, {"segments": [segment]}, {"segments": [other]},
        {"fields": ["first_name"]},
    ]  # fmt: skip
    assert [needing(**what) for what in everything] == [[]] * 5, "a draft needs nothing yet"
    owner("schedule_campaign", campaign_id=campaign["id"], at=WITH_OFFSET)
    assert [needing(**what) for what in everything] == [["Lato"]] * 5
    owner("pause_campaign", campaign_id=campaign["id"])
    assert needing(groups=[group]) == ["Lato"] and needing(stranger, groups=[group]) == []
    assert needing(groups=[segment], segments=[group], fields=["city"]) == needing() == []
    owner("cancel_campaign", campaign_id=campaign["id"])
    assert [needing(**what) for what in everything] == [[]] * 5


def test_a_content_that_fails_for_some_is_refused_while_it_is_a_draft(caller: Callable) -> None:
    owner = caller()
    failing = owner.draft(content={"text": "Masz {{ points! }}, {{ first_name }}"})
    rights = ["sms.campaigns.read", "sms.campaigns.send"]
    marketer = caller(account_id=owner.account_id, permissions=rights)
    asked = {"campaign_id": failing["id"]}
    sample = {"fields": {"points": "7"}}

    for act in (
        lambda who: who("schedule_campaign", **asked),
        lambda who: who("preview_campaign", **asked, sample=sample),
    ):
        with pytest.raises(Invalid) as refused:
            act(owner)
        assert refused.value.code == "campaign.content_fails"
        assert refused.value.errors == [
            {
                "field": "content.text",
                "code": "template.failed",
                "detail": "line 1: points has no value. It fails for 10 of 50 recipients looked at.",
            }
        ]
        assert refused.value.extra == {"hit": 10, "looked_at": 50, "contact_id": str(UUID(int=5))}
        with pytest.raises(Invalid) as refused:
            act(marketer)
        assert refused.value.extra == {"hit": 10, "looked_at": 50}, "whose fields those are is not the marketer's"

    assert owner("get_campaign", **asked)["state"] == "draft"
    with pytest.raises(Invalid, match="for this recipient"):
        owner("test_campaign", **asked, addresses=["+48600100200"], fields={"points": None})
    assert owner("test_campaign", **asked, addresses=["+48600100200"], fields={"points": "7"})["messages"]


def test_a_test_goes_to_nobody_who_is_archived(caller: Callable) -> None:
    owner = caller()

    with pytest.raises(Invalid) as refused:
        owner("test_campaign", campaign_id=owner.draft()["id"], addresses=["+48600100200", "+48600100299"])

    assert [(error["field"], error["code"]) for error in refused.value.errors] == [("addresses.1", "address.archived")]
