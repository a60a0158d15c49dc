"""A message's time line in words."""

from __future__ import annotations

import pytest

from api_gateway.languages import _tables
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
