"""A message's time line in words."""

from __future__ import annotations

import pytest

from api_gateway.languages import Texts, _tables
from api_gateway.routes import messages
from chassis.ids import new_id
from contracts.ids import message_id

PL = [
    "Przyjął ją operator. Operator: plus.",
    "Jest na telefonie odbiorcy.",
    "Link z wiadomości otworzył program, nie człowiek.",
]
EN = [
    "The carrier took it. Carrier: plus.",
    "It is on the recipient's phone.",
    "A program followed a link in it; no person did.",
]


@pytest.mark.parametrize(("language", "said"), [("pl", PL), ("de", EN)])
def test_each_point_is_said_in_the_language_of_the_request(services, make_client, log_in, language, said):
    moments = [{"kind": "submitted", "peer": "plus"}, {"kind": "delivered"}, {"kind": "clicked", "machine": "head"}]
    services.answers["reporting.get_message"] = {"channel": "sms", "timeline": moments}
    client, headers = make_client(messages.ROUTES), log_in("log", kind="session", permissions=("reports.read",))

    answer = client.get(f"/v1/messages/{message_id(new_id(), 1)}", headers={**headers, "Accept-Language": language})

    assert [moment["text"] for moment in answer.json["timeline"]] == said
    assert answer.headers["Content-Language"] == ("pl" if language == "pl" else "en")
    assert "Accept-Language" in answer.headers["Vary"]


def test_words_of_a_channel_are_those_that_there_are():
    assert {key for key in _tables("en")["moments"] if key.startswith(("sms.", "email."))} == messages._OTHER_BY_CHANNEL


def test_a_message_over_several_channels_is_shown_on_the_channel_that_reached_the_person_first():
    def step(state, **moments):
        return {"state": state, "delivered_at": None, "read_at": None, **moments}

    early, late = "2026-11-24T08:00:09.5+00:00", "2026-11-24T08:00:10+00:00"
    waits, skipped = step("waiting"), step("skipped")

    assert messages._shown_step([step("reached", delivered_at=late), step("reached", delivered_at=early), skipped]) == 1
    assert messages._shown_step([step("reached", delivered_at=late, read_at=early), step("reached", read_at=late)]) == 0
    assert messages._shown_step([step("failed"), step("sent", delivered_at=early), waits]) == 1
    assert messages._shown_step([waits, waits]) == 0


def test_what_a_code_means_is_said_where_anybody_knows(services, make_client, log_in):
    def answer(story, language):
        services.answers["reporting.get_message"] = story
        client, headers = make_client(messages.ROUTES), log_in("log", kind="session", permissions=("reports.read",))
        path = f"/v1/messages/{message_id(new_id(), 1)}"
        return client.get(path, headers={**headers, "Accept-Language": language}).json

    refused = [{"kind": "deferred", "code": "0x58"}, {"kind": "rejected", "code": "0x0b"}]
    told = answer({"channel": "sms", "code": "0x0b", "timeline": refused}, "pl")
    assert told["meaning"] == "Numer odbiorcy jest nieprawidłowy."
    assert [moment["meaning"] for moment in told["timeline"]] == [
        "Wysyłaliśmy szybciej, niż pozwala operator.", "Numer odbiorcy jest nieprawidłowy.",
    ]  # fmt: skip

    full = [{"kind": "deferred", "code": "4.2.2"}, {"kind": "soft_bounced", "code": "5.2.2"}]
    told = answer({"channel": "email", "code": "5.2.2", "timeline": full}, "en")
    assert {told["meaning"], *(moment["meaning"] for moment in told["timeline"])} == {"The mailbox is full."}

    ours = answer({"channel": "email", "code": "address.erased", "timeline": []}, "en")
    assert ours["meaning"] == "The person was erased."


def test_what_our_own_sender_says_is_said_in_the_language_of_the_request_and_wins_over_the_code():
    told = {"code": "5.7.1", "detail": "the content was refused"}

    assert messages._explained(Texts("pl"), "email", told) == {
        "code": "5.7.1", "detail": "Odrzucono treść.", "meaning": "Odrzucono treść.",
    }  # fmt: skip
    assert messages._explained(Texts("pl"), "email", {"code": "5.7.1", "detail": "550 No"})["detail"] == "550 No"


@pytest.mark.parametrize(("channel", "code"), [("sms", "017"), ("sms", "0x00"), ("email", "2.0.0"), ("sms", None)])
def test_of_success_and_of_a_carriers_own_code_nothing_is_said(channel, code):
    assert Texts("pl").outcome(channel, code) is None


def test_the_steps_of_a_message_say_why_they_could_not_be():
    steps = [{"channel": "sms", "code": "contact.no_consent"}, {"channel": "email", "code": None}]

    told = messages._explained_chain(Texts("en"), {"id": 1, "steps": steps})["steps"]

    assert [step["meaning"] for step in told] == ["The contact has not given consent for this channel.", None]


def test_outcomes_have_words_in_both_languages():
    for table in ("outcomes", "outcome_details"):
        assert _tables("en")[table].keys() == _tables("pl")[table].keys()
