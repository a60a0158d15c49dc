"""Whose events are believed at `/hooks/rcs/{name}`, and what is passed on of them."""

import dataclasses
import json
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wici_simulators.rcs.webhook import signed

from api_gateway import rcs_hooks
from api_gateway.app import create_app
from api_gateway.routes import rcs_hooks as routes
from contracts.errors import Forbidden, NotFound
from contracts.lanes import RCS_REPORTS

TOKEN = "SJENCPGJESMGUFPY"
AGENT = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b53", "account_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b00",
    "client_token": TOKEN,
}  # fmt: skip
EVENT = {"senderPhoneNumber": "+48600100200", "eventType": "DELIVERED", "messageId": AGENT["id"], "eventId": "e1"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def client(make_wiring, services, publisher):
    services.answers["rcs_gateway.get_agent_hook"] = AGENT
    wiring = dataclasses.replace(make_wiring(public_url="https://wici.example"), broker=publisher)
    return create_app(wiring, routes.ROUTES).test_client()


def told(client, event=EVENT, token=TOKEN, **headers):
    body, signature = signed(event, token)
    return client.post("/hooks/rcs/h", data=body, headers={**JSON, "X-Goog-Signature": signature, **headers})


def test_what_google_has_signed_is_in_the_lane_before_the_answer(client, publisher):
    answer = told(client)

    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    ((lane, body),) = publisher.lane
    report = json.loads(body)
    assert (lane, report["agent_id"], report["account_id"], report["event"]) == (
        RCS_REPORTS, AGENT["id"], AGENT["account_id"], EVENT,
    )  # fmt: skip
    assert TOKEN not in body.decode()


@pytest.mark.parametrize("secret", ["1234567890", "a-b_c"])
def test_the_first_request_is_answered_with_its_secret_alone(client, publisher, secret):
    answer = client.post("/hooks/rcs/h", json={"clientToken": TOKEN, "secret": secret})

    assert (answer.status_code, answer.text, answer.mimetype, publisher.lane) == (200, secret, "text/plain", [])


@pytest.mark.parametrize(
    "body",
    [
        {"clientToken": "another", "secret": "1"},
        {"clientToken": TOKEN, "secret": "<script>"},
        {"clientToken": TOKEN},
        {"message": {"data": "%%%"}},
        {"message": {}},
        {"message": {"data": b64encode(b"{}").decode()}},
        [],
        {},
    ],
)
def test_who_shows_nothing_is_refused(client, publisher, body):
    assert client.post("/hooks/rcs/h", json=body).status_code == 403
    assert publisher.lane == []


def test_another_token_and_a_changed_event_are_refused(client, publisher):
    assert told(client, token="another-token").status_code == 403
    body, _ = signed(EVENT, TOKEN)
    _, other = signed({**EVENT, "eventType": "READ"}, TOKEN)
    assert client.post("/hooks/rcs/h", data=body, headers={**JSON, "X-Goog-Signature": other}).status_code == 403
    assert publisher.lane == []


def test_an_address_that_is_no_agents_is_none(client, services):
    services.answers["rcs_gateway.get_agent_hook"] = NotFound("agent.not_found", "None.")
    assert told(client).status_code == 404
    assert client.post("/hooks/rcs/a.b", json={}).status_code == 404


@given(st.binary(), st.text(st.characters(max_codepoint=127)))
def test_no_guess_at_a_signature_is_right(data, signature):
    body = {"message": {"data": b64encode(data).decode()}}
    with pytest.raises(Forbidden):
        rcs_hooks.event_of(body, signature, TOKEN)


def test_nothing_longer_than_google_writes_is_read(client, publisher):
    assert told(client, {**EVENT, "pad": "x" * 20_000}).status_code == 200
    assert told(client, {**EVENT, "pad": "x" * 100_000}).status_code == 413
    assert len(publisher.lane) == 1
