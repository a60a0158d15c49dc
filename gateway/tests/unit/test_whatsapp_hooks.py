"""Whose reports are believed at `/hooks/whatsapp/{name}`, and what is passed on of them."""

import dataclasses
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_gateway.app import create_app
from api_gateway.routes import whatsapp_hooks
from contracts.errors import NotFound
from contracts.lanes import OTT_REPORTS

NAME = "5f2c0d9b6e41a87713cde052"
SECRET, VERIFY = "0123456789abcdef0123456789abcdef", "5f2c0d9b6e41a877"
HOOK = {"sender_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1d02", "app_secret": SECRET, "verify_token": VERIFY}
TOLD = {"object": "whatsapp_business_account", "entry": [{"changes": []}]}


@pytest.fixture
def client(make_wiring, services, publisher):
    services.answers["ott_gateway.get_hook"] = HOOK
    wiring = dataclasses.replace(make_wiring(), broker=publisher)
    return create_app(wiring, whatsapp_hooks.ROUTES).test_client()


def signed(raw, secret=SECRET):
    digest = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}"}


def post(client, raw, headers, name=NAME):
    return client.post(f"/hooks/whatsapp/{name}", data=raw, headers=headers, content_type="application/json")


def test_what_meta_has_signed_is_in_the_lane_before_it_is_answered(client, publisher):
    raw = json.dumps(TOLD).encode()
    assert post(client, raw, signed(raw)).status_code == 200

    ((lane, body),) = publisher.lane
    report = json.loads(body)
    assert (lane, report["sender_id"], report["document"]) == (OTT_REPORTS, HOOK["sender_id"], TOLD)
    assert SECRET not in body.decode()


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-Hub-Signature-256": ""}, {"X-Hub-Signature-256": "sha256="}, {"X-Hub-Signature-256": "sha1=ab"},
     {"X-Hub-Signature-256": "ą"}, signed(b"{} "), signed(b"{}", "another"),
     {"X-Hub-Signature": signed(b"{}")["X-Hub-Signature-256"]}],
)  # fmt: skip
def test_what_is_not_signed_so_is_nobodys(client, publisher, headers):
    answer = post(client, b"{}", headers)
    assert (answer.status_code, answer.json["code"], publisher.lane) == (403, "hook.refused", [])


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_a_signature_is_of_its_body_alone(raw, other):
    signature = signed(raw)["X-Hub-Signature-256"]
    assert whatsapp_hooks.is_signed(SECRET, raw, signature)
    assert whatsapp_hooks.is_signed(SECRET, other, signature) == (raw == other)


@pytest.mark.parametrize(("raw", "status"), [(b"[]", 200), (b"{", 400), (b'"a"', 200), (b"\xff", 400)])
def test_what_is_no_object_is_passed_on_to_nobody(client, publisher, raw, status):
    assert (post(client, raw, signed(raw)).status_code, publisher.lane) == (status, [])


def test_who_cannot_be_stored_for_is_asked_to_come_again(client, publisher):
    publisher.fails = True
    answer = post(client, b"{}", signed(b"{}"))
    assert (answer.status_code, answer.json["code"]) == (503, "broker.unavailable")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (f"hub.mode=subscribe&hub.verify_token={VERIFY}&hub.challenge=1158201444", 200),
        ("hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1158201444", 403),
        (f"hub.verify_token={VERIFY}&hub.challenge=1158201444", 403),
        (f"hub.mode=subscribe&hub.verify_token={VERIFY}&hub.challenge=%3Cscript%3E", 403),
        (f"hub.mode=subscribe&hub.verify_token={VERIFY}", 403),
        ("", 403),
    ],
)
def test_meta_is_shown_that_the_hook_is_the_numbers(client, query, status):
    answer = client.get(f"/hooks/whatsapp/{NAME}?{query}")
    assert answer.status_code == status
    if status == 200:
        assert (answer.data, answer.mimetype) == (b"1158201444", "text/plain")


def test_names_are_guessed_slowly_and_a_known_one_is_asked_for_once(client, services):
    for _ in range(50):
        assert post(client, b"{}", signed(b"{}")).status_code == 200
    assert len(services.asked("ott_gateway.get_hook")) == 1
    services.answers["ott_gateway.get_hook"] = NotFound("whatsapp_sender.not_found")
    statuses = [post(client, b"{}", {}, name=f"{number:024x}").status_code for number in range(100)]
    assert (statuses[0], statuses[-1]) == (404, 429)
    assert post(client, b"{}", signed(b"{}")).status_code == 200, "Meta's own go on"
    assert post(client, b"{}", {}, name="No").status_code == 404


def batch(size):
    """A request of Meta's of so many bytes."""
    raw = json.dumps({"entry": [{"changes": []}], "pad": ""}).encode()
    return raw[:-2] + b"x" * (size - len(raw)) + raw[-2:]


@pytest.mark.parametrize(("size", "status"), [(64 * 1024 + 1, 200), (whatsapp_hooks.MOST_BYTES, 200),
                                              (whatsapp_hooks.MOST_BYTES + 1, 413)])  # fmt: skip
def test_a_batch_may_be_as_long_as_meta_makes_them(client, publisher, size, status):
    raw = batch(size)
    assert (len(raw), post(client, raw, signed(raw)).status_code) == (size, status)
    assert len(publisher.lane) == (status == 200)


def test_nothing_long_is_read_of_who_knows_no_hook(client, services):
    services.answers["ott_gateway.get_hook"] = NotFound("whatsapp_sender.not_found")
    assert post(client, batch(100_000), {}).status_code == 404
    assert post(client, batch(100_000), {}, name="No").status_code == 404
