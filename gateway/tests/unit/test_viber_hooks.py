"""Whose reports are believed at `/hooks/viber/{name}`, and what is passed on of them."""

import dataclasses
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_gateway.app import create_app
from api_gateway.routes import viber_hooks
from contracts.errors import NotFound
from contracts.lanes import VIBER_REPORTS

NAME, TOKEN = "5f2c0d9b6e41a87713cde053", "445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9"
HOOK = {"sender_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1e02", "auth_token": TOKEN}
TOLD = {"event": "delivered", "timestamp": 1457764197627, "message_token": 4912661846655238145, "user_id": "u="}


@pytest.fixture
def client(make_wiring, services, publisher):
    services.answers["viber_gateway.get_hook"] = HOOK
    wiring = dataclasses.replace(make_wiring(), broker=publisher)
    return create_app(wiring, viber_hooks.ROUTES).test_client()


def signed(raw, token=TOKEN):
    return {"X-Viber-Content-Signature": hmac.new(token.encode(), raw, hashlib.sha256).hexdigest()}


def post(client, raw, headers, name=NAME):
    return client.post(f"/hooks/viber/{name}", data=raw, headers=headers, content_type="application/json")


def test_what_viber_has_signed_is_in_the_lane_before_it_is_answered(client, publisher):
    raw = json.dumps(TOLD).encode()
    assert post(client, raw, signed(raw)).status_code == 200

    ((lane, body),) = publisher.lane
    report = json.loads(body)
    assert (lane, report["sender_id"], report["document"]) == (VIBER_REPORTS, HOOK["sender_id"], TOLD)
    assert TOKEN not in body.decode()


@pytest.mark.parametrize("raw", [b'{"event":"webhook","timestamp":1457764197627}', b"[]", b"null", b"7", b"{"])
def test_that_the_hook_is_set_and_what_tells_of_nothing_is_answered_and_passed_on_to_nobody(client, publisher, raw):
    """Viber does not set a hook that does not answer 200."""
    assert (post(client, raw, signed(raw)).status_code, publisher.lane) == (200, [])


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-Viber-Content-Signature": ""}, {"X-Viber-Content-Signature": "ą"}, signed(b"{} "),
     signed(b"{}", "another"), {"X-Hub-Signature-256": signed(b"{}")["X-Viber-Content-Signature"]}],
)  # fmt: skip
def test_what_is_not_signed_so_is_nobodys(client, publisher, headers):
    answer = post(client, b"{}", headers)
    assert (answer.status_code, answer.json["code"], publisher.lane) == (403, "hook.refused", [])


def test_a_name_that_is_none_asks_nobody(client, services, publisher):
    services.answers["viber_gateway.get_hook"] = NotFound("viber_bot.not_found", "There is no such bot.")
    for name in ("A" * 24, "5f2c", "f" * 24):
        assert post(client, b"{}", signed(b"{}"), name).status_code == 404
    assert publisher.lane == []


@given(st.binary(max_size=60), st.text(st.characters(codec="ascii"), min_size=1, max_size=60))
def test_only_the_bots_own_token_signs(raw, token):
    digest = hmac.new(token.encode(), raw, hashlib.sha256).hexdigest()
    assert viber_hooks.is_signed(token, raw, digest)
    assert not viber_hooks.is_signed(token + "x", raw, digest)
    assert not viber_hooks.is_signed(token, raw + b" ", digest)


@pytest.mark.parametrize(("over", "status"), [(0, 200), (1, 413)])
def test_nothing_longer_than_viber_writes_is_read(client, publisher, over, status):
    raw = json.dumps({**TOLD, "pad": ""}).encode()
    raw = raw[:-2] + b"x" * (viber_hooks.MOST_BYTES + over - len(raw)) + raw[-2:]

    assert post(client, raw, signed(raw)).status_code == status
    assert len(publisher.lane) == (status == 200)
