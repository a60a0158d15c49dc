"""Who answers STOP to a campaign gets no second one, until they answer START."""

from __future__ import annotations

from typing import Any

from api import poll

NUMBER, CLUB = "+48500700800", "+48500700801"
OFFER = "Rabat czeka. Nie chcesz wiadomości? Odpisz STOP."
BYE, WELCOME = "Nie napiszemy więcej.", "Witaj w klubie!"
STAYS, STOPS, STRANGER = "+48600700801", "+48600700802", "+48600700803"


def owned(journey: Any, number: str) -> None:
    sender = journey.api.post("/v1/sender-ids", {"sender": number})
    decision = {"decision": "verify", "reason": "Journey"}
    journey.operator.post(f"/v1/operator/sender-ids/{sender['id']}/decision", decision)
    journey.api.post(f"/v1/sender-ids/{sender['id']}/accept")


def prepared(journey: Any) -> str:
    """The account has a number, and a group of two; returns the group's id."""
    owned(journey, NUMBER)
    group_id = str(journey.api.post("/v1/groups", {"name": "Klienci"})["id"])
    for phone in (STAYS, STOPS):
        consents = {"sms": {"granted": True}}
        journey.api.post("/v1/contacts", {"phone": phone, "consents": consents, "group_ids": [group_id]})
    journey.api.put("/v1/stop-confirmation", {"enabled": True, "text": BYE})
    return group_id


def got(journey: Any, text: str, after: int = 0) -> list[str]:
    """Whom the carrier got it for."""
    return ["+" + part["to"].lstrip("+") for part in journey.received_sms(after) if part["text"] == text]


def sent_to(journey: Any, group_id: str) -> tuple[str, set[str]]:
    """A campaign from the number: its id, and whom the carrier got it for."""
    before = journey.simulators.smsc.get("/counts")["submitted"]
    draft = {
        "name": "Z numeru", "channel": "sms", "sender": NUMBER, "audience": {"groups": [group_id]},
        "content": {"text": OFFER},
    }  # fmt: skip
    campaign_id = str(journey.api.post("/v1/campaigns", draft)["id"])
    journey.schedule(campaign_id)
    journey.wait_sent(campaign_id)
    journey.wait_settled(campaign_id)
    return campaign_id, set(got(journey, OFFER, before))


def say(journey: Any, text: str, phone: str = STOPS, number: str = NUMBER) -> None:
    """As the carrier writes numbers: without `+`."""
    journey.simulators.smsc.post("/answers", {"from": phone[1:], "to": number[1:], "text": text})


def archived(journey: Any) -> set[tuple[str, str]]:
    return {(entry["address"], entry["reason"]) for entry in journey.api.pages("/v1/archive", channel="sms")}


def test_who_answers_stop_gets_no_second_campaign_until_they_answer_start(journey: Any) -> None:
    journey.simulators.smsc.post("/settings", {"undelivered_share": 0, "expired_share": 0, "rejected_share": 0})
    group_id = prepared(journey)
    first, reached = sent_to(journey, group_id)
    assert reached == {STAYS, STOPS}

    say(journey, "Kiedy stop promocji?", STAYS)
    say(journey, "stop", STRANGER)
    for text in ("Rezygnuję!", "STOP"):
        say(journey, text)
    poll(lambda: archived(journey), lambda found: found == {(STOPS, "stop"), (STRANGER, "stop")}, seconds=30)

    report = poll(lambda: journey.report(first), lambda found: found["counts"].get("unsubscribes"), seconds=30)
    assert report["counts"]["unsubscribes"] == 1
    assert sent_to(journey, group_id)[1] == {STAYS}
    poll(lambda: sorted(got(journey, BYE)), lambda found: found == [STOPS, STRANGER], seconds=30)

    say(journey, "START")
    poll(lambda: archived(journey), lambda found: found == {(STRANGER, "stop")}, seconds=30)
    assert sent_to(journey, group_id)[1] == {STAYS, STOPS}
    said = journey.api.pages("/v1/inbound-sms", phone=STOPS)
    assert [(one["text"], one["wish"]) for one in said] == [
        ("START", "start"), ("STOP", "stop"), ("Rezygnuję!", "stop")
    ]  # fmt: skip
    assert [one["text"] for one in journey.api.pages("/v1/inbound-sms", campaign_id=first, wish="stop")] == [
        "STOP", "Rezygnuję!"
    ]  # fmt: skip


def test_a_keyword_is_answered_and_brings_a_stranger_into_its_group(journey: Any) -> None:
    owned(journey, CLUB)
    club = str(journey.api.post("/v1/groups", {"name": "Klub"})["id"])
    journey.api.post("/v1/sms-keywords", {"keyword": "klub", "answer": WELCOME, "group_id": club})

    say(journey, "KLUB, proszę", STRANGER, CLUB)

    poll(lambda: got(journey, WELCOME), lambda found: found == [STRANGER], seconds=30)
    poll(
        lambda: [one["phone"] for one in journey.api.pages("/v1/contacts", group_id=club)],
        lambda found: found == [STRANGER], seconds=30,
    )  # fmt: skip
