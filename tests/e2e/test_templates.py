"""From a template that ships with Wici to a mail in a mailbox, over the public API alone."""

import pytest
from api import Refused

NAMES = ("Anna", "Małgorzata", "Krzysztof")


@pytest.fixture(scope="module")
def shop(environ):
    """An account with three people in a group."""
    from journey import Journey

    made = Journey(environ)
    made.prepare()
    group = made.api.post("/v1/groups", {"name": "Sklep"})["id"]
    consents = {channel: {"granted": True, "source": "test"} for channel in ("sms", "email")}
    contacts = [
        {
            "email": f"szablon{number}@poczta.example", "phone": f"+48607200{number:03d}", "first_name": name,
            "consents": consents, "group_ids": [group],
        }
        for number, name in enumerate(NAMES)
    ]  # fmt: skip
    made.api.post("/v1/contacts/batch", {"merge_by": "email", "contacts": contacts})
    return made, group


def test_a_ready_made_template_is_copied_changed_previewed_and_sent(shop):
    journey, group = shop
    found = next(journey.api.pages("/v1/templates", kind="ready_made", language="pl", q="powitanie"))
    shown = journey.api.get(f"/v1/templates/{found['id']}")
    copy = journey.api.post(f"/v1/templates/{found['id']}/copy", {"folder": "Sklep"})
    assert shown["content"] == copy["content"] and copy["report"]["problems"] == []

    content = {**copy["content"], "mjml": copy["content"]["mjml"].replace("Zaczynamy", "Do dzieła")}
    changed = journey.api.patch(f"/v1/templates/{copy['id']}", {"content": content, "version": 1})
    compared = journey.api.get(f"/v1/templates/{copy['id']}/versions/1/changes")
    assert "Do dzieła" in changed["content"]["html"]
    assert [change["field"] for change in compared["changes"]] == ["mjml"]
    assert [line[0] for line in compared["changes"][0]["lines"]].count("+") == 1

    people = [one["id"] for one in journey.api.pages("/v1/contacts", group_id=group)]
    asked = {"channel": "email", "content": changed["content"], "contact_ids": people, "samples": [{"address": ""}]}
    previews = journey.api.post("/v1/contents/preview", asked)["previews"]
    subjects = sorted(preview["rendered"]["subject"] for preview in previews)
    assert subjects == ["Witamy!", "Witamy, Anno!", "Witamy, Krzysztofie!", "Witamy, Małgorzato!"]

    before = len(journey.received_mail())
    campaign_id = journey.email_campaign(group, html="<p></p>")
    journey.api.patch(f"/v1/campaigns/{campaign_id}", {"content": {**changed["content"], "html": ""}})
    journey.schedule(campaign_id)
    progress = journey.wait_sent(campaign_id)["progress"]
    assert (progress["submitted"], progress["failed"]) == (len(NAMES), 0)
    assert len(journey.received_mail()) >= before + len(NAMES)


def test_what_mjml_cannot_do_is_said_with_its_line(shop):
    journey, _ = shop
    mjml = "<mjml>\n<mj-body>\n<mj-kolumna></mj-kolumna></mj-body></mjml>"

    with pytest.raises(Refused) as refused:
        journey.api.post("/v1/templates", {"name": "T", "channel": "email", "content": {"mjml": mjml}})

    (error,) = refused.value.problem["errors"]
    assert (error["field"], error["code"]) == ("content.mjml", "template.mjml_invalid")
    assert "line 3: there is no element <mj-kolumna>" in error["detail"]


def test_a_check_says_what_would_be_refused_and_what_is_worth_mending(shop):
    journey, _ = shop
    html = '<p>{{ fist_name }} <a href="www.sklep.example">tu</a><img src="x.png"></p>'

    checked = journey.api.post("/v1/contents/check", {"channel": "email", "content": {"subject": "Hej", "html": html}})

    assert checked["unknown"] == [{"name": "fist_name", "nearest": "first_name"}]
    assert [problem["code"] for problem in checked["problems"]] == ["email.unsubscribe_link_missing"]
    assert {advice["code"] for advice in checked["advice"]} == {
        "email.preheader_missing", "email.link_broken", "email.image_without_alt",
    }  # fmt: skip


def test_what_an_sms_takes_is_measured_by_its_recipients(shop):
    journey, group = shop
    text = "Cześć {{ first_name | vocative }}!"
    everybody = {"text": text, "audience": {"groups": [group]}}

    counted = journey.api.post("/v1/sms/parts", everybody)
    plain = journey.api.post("/v1/sms/parts", {**everybody, "replace_diacritics": True})

    measured = counted["recipients"]
    # Who is looked at is drawn: of three people who lack nothing at least two.
    assert measured["looked_at"] in (2, 3) and (measured["failed"], measured["variables"]) == (0, ["first_name"])
    longest = measured["longest"]["characters"]
    assert longest in (len("Cześć Małgorzato!"), len("Cześć Krzysztofie!"))
    assert measured["longest"] == {"encoding": "ucs2", "characters": longest, "units": longest, "parts": 1}
    assert plain["recipients"]["longest"]["encoding"] == "gsm"
    assert counted["offenders"][0]["character"] == "ś"
    with pytest.raises(Refused) as refused:
        journey.api.post("/v1/sms/parts", {**everybody, "text": "{{ nobody_has_this }}"})
    assert refused.value.status == 422
