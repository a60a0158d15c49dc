"""A message's time line in words."""

from __future__ import annotations

from uuid import uuid4

import pytest

from api_gateway.languages import _tables
from api_gateway.routes import messages

PL = ["Przyjął ją operator.", "Jest na telefonie odbiorcy.", "Link z wiadomości otworzył program, nie człowiek."]
EN = ["The carrier took it.", "It is on the recipient's phone.", "A program followed a link in it; no person did."]


@pytest.mark.parametrize(("language", "said"), [("pl", PL), ("de", EN)])
def test_each_point_is_said_in_the_language_of_the_request(services, make_client, log_in, language, said):
    moments = [{"kind": "submitted"}, {"kind": "delivered"}, {"kind": "clicked", "machine": "head"}]
    services.answers["reporting.get_message"] = {"channel": "sms", "timeline": moments}
    client, headers = make_client(messages.ROUTES), log_in("log", kind="session", permissions=("reports.read",))

    answer = client.get(f"/v1/messages/{uuid4()}", headers={**headers, "Accept-Language": language})

    assert [moment["text"] for moment in answer.json["timeline"]] == said
    assert answer.headers["Content-Language"] == ("pl" if language == "pl" else "en")
    assert "Accept-Language" in answer.headers["Vary"]


def test_words_of_a_channel_are_those_that_there_are():
    assert {key for key in _tables("en")["moments"] if key.startswith(("sms.", "email."))} == messages._OTHER_BY_CHANNEL
