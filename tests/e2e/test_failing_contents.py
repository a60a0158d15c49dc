"""What a content fails for is found before it goes to all; what fails in the mass after that pauses the campaign."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from api import Refused, poll

CONTENTS = {
    "sms": {"text": "Hej {{ first_name }},\nmasz {{ points | round }} punktow."},
    "email": {
        "subject": "Punkty",
        "html": '<p>Hej {{ first_name }},</p>\n<p>masz {{ points | round }} punktów.</p>'
        '<p><a href="{{ unsubscribe_url }}">Wypisz</a></p>',
    },
}  # fmt: skip
PEOPLE, WITHOUT = 60, 3


@pytest.fixture(scope="module")
def crowd(environ):
    """Sixty people in a group, three of whom have no points."""
    from journey import Journey

    made = Journey(environ)
    made.prepare()
    made.api.post("/v1/contact-fields", {"key": "points", "label": "Punkty", "type": "number"})
    group = made.api.post("/v1/groups", {"name": "Klub"})["id"]
    give(made, group, "points", {number: number + 0.5 if number >= WITHOUT else None for number in range(PEOPLE)})
    return made, group


def give(journey, group, field, values):
    consents = {channel: {"granted": True, "source": "test"} for channel in CONTENTS}
    contacts = [
        {
            "email": f"klub{number}@poczta.example", "phone": f"+48607100{number:03d}", "first_name": "Łucja",
            "fields": {field: value}, "consents": consents, "group_ids": [group],
        }
        for number, value in values.items()
    ]  # fmt: skip
    items = journey.api.post("/v1/contacts/batch", {"merge_by": "email", "contacts": contacts})["items"]
    assert {item["outcome"] for item in items} <= {"added", "updated", "unchanged"}


def draft(journey, group, channel):
    if channel == "sms":
        return journey.sms_campaign(group, **CONTENTS["sms"])
    campaign_id = journey.email_campaign(group, html=CONTENTS["email"]["html"])
    journey.api.patch(f"/v1/campaigns/{campaign_id}", {"content": CONTENTS["email"]})
    return campaign_id


def in_an_hour():
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()


def refusal(journey, campaign_id, act, body):
    with pytest.raises(Refused) as refused:
        journey.api.post(f"/v1/campaigns/{campaign_id}/{act}", body)
    assert refused.value.status == 422
    return refused.value.problem


@pytest.mark.parametrize("channel", CONTENTS)
def test_what_fails_for_some_is_refused_and_mended_it_reaches_everybody(crowd, channel):
    journey, group = crowd
    campaign_id = draft(journey, group, channel)
    without = {
        one["id"] for one in journey.api.pages("/v1/contacts", group_id=group) if not one["fields"].get("points")
    }
    sample = {"sample": {"fields": {"first_name": "Ola", "points": 3.4}}}

    for act, body in (("preview", sample), ("schedule", {})):
        problem = refusal(journey, campaign_id, act, body)

        assert (problem["code"], problem["hit"] > 0, problem["looked_at"] > 30) == (
            "campaign.content_fails",
            True,
            True,
        ), problem
        assert problem["contact_id"] in without
        (error,) = problem["errors"]
        assert error["code"] == "template.failed" and "line 2" in error["detail"] and "“round”" in error["detail"]
        assert error["detail"].endswith(f"for {problem['hit']} of {problem['looked_at']} recipients looked at.")

    assert journey.campaign(campaign_id)["state"] == "draft"
    content = {name: text.replace("| round", "| default(0) | round") for name, text in CONTENTS[channel].items()}
    journey.api.patch(f"/v1/campaigns/{campaign_id}", {"content": content})
    assert "masz 3.0 punkt" in str(journey.api.post(f"/v1/campaigns/{campaign_id}/preview", sample)["rendered"])
    journey.schedule(campaign_id)
    progress = journey.wait_sent(campaign_id)["progress"]
    assert (progress["submitted"], progress["failed"]) == (PEOPLE, 0)


def test_what_nobody_can_be_sent_is_refused_by_its_filter_and_its_sum(crowd):
    journey, group = crowd
    for text, told in (
        ("{{ birth_date | dated('d.m.Y') }}", "line 1, column 17: the filter 'dated' is not available in templates"),
        ("Masz {{ 1/0 }}", "line 1, column 9 at “1/0”: a number cannot be divided by zero"),
    ):
        problem = refusal(journey, journey.sms_campaign(group, text=text), "schedule", {})
        assert problem["errors"][0]["field"] == "content.text" and told in problem["errors"][0]["detail"]


def test_what_fails_in_the_mass_later_pauses_the_campaign_until_it_is_resumed(environ, crowd):
    """Contacts change between the day when a campaign is scheduled and the day when it goes."""
    journey, _ = crowd
    journey.api.post("/v1/contact-fields", {"key": "level", "label": "Poziom", "type": "text"})
    group = journey.api.post("/v1/groups", {"name": "Klub, kiedyś"})["id"]
    give(journey, group, "level", dict.fromkeys(range(100, 160), "7"))
    html = CONTENTS["email"]["html"].replace("points | round", "level | default(0) | int")
    campaign_id = journey.email_campaign(group, html=html)
    journey.api.post(f"/v1/campaigns/{campaign_id}/schedule", {"at": in_an_hour()})
    journey.api.post(f"/v1/campaigns/{campaign_id}/pause")
    give(journey, group, "level", dict.fromkeys(range(100, 130), "siódmy"))
    with psycopg.connect(environ["CAMPAIGNS_DATABASE_URL"], autocommit=True) as campaigns:
        campaigns.execute("UPDATE campaigns SET send_at = now() WHERE id = %s", [campaign_id])
    journey.api.post(f"/v1/campaigns/{campaign_id}/resume")

    paused = poll(
        lambda: journey.campaign(campaign_id), lambda one: one["state"] not in ("scheduled", "sending"), seconds=60
    )

    assert (paused["state"], paused["failure"]["code"]) == ("paused", "campaign.content_fails")
    assert paused["failure"]["detail"].startswith("No message could be made of the content for 30 of 60 recipients")
    assert "template.failed 30" in paused["failure"]["detail"]
    acts = journey.api.get("/v1/audit-log")["items"]
    assert [act["details"]["code"] for act in acts if act["action"] == "campaign.paused" and act["details"].get("code")]
    journey.api.post(f"/v1/campaigns/{campaign_id}/resume")
    sent = journey.wait_sent(campaign_id)
    assert (sent["progress"]["submitted"], sent["progress"]["failed"], sent["failure"]) == (30, 30, None)
