"""Whose reports are believed at `/hooks/carriers/{name}`, and what is passed on of them."""

import dataclasses
import hashlib
import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from api_gateway.app import create_app
from api_gateway.carrier_hooks import signature
from api_gateway.routes import carrier_hooks
from contracts.errors import NotFound
from contracts.lanes import CARRIER_REPORTS

TOKEN = "0123456789abcdef0123456789abcdef"
URL = "https://wici.example/hooks/carriers/c"
FORM = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+48600100200"}


def hook(kind="http", networks=(), key=None, secret=None, previous=None):
    return {"id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b20", "kind": kind, "http": {"hook_networks": list(networks)},
            "signing_key": key, "secret": secret, "previous_secret": previous}  # fmt: skip


TWILIO = hook("twilio", key=TOKEN)


@pytest.fixture
def client(make_wiring, services, publisher):
    services.answers["sms_gateway.get_carrier_hook"] = TWILIO
    wiring = dataclasses.replace(make_wiring(public_url="https://wici.example"), broker=publisher)
    return create_app(wiring, carrier_hooks.ROUTES).test_client()


def reports(publisher):
    assert {lane for lane, _ in publisher.lane} <= {CARRIER_REPORTS}
    return [json.loads(body)["document"] for _, body in publisher.lane]


def signed(form, url=URL, token=TOKEN):
    return {"X-Twilio-Signature": RequestValidator(token).compute_signature(url, form)}


def test_what_twilio_has_signed_is_passed_on_and_answered_without_words(client, publisher):
    answer = client.post("/hooks/carriers/c", data=FORM, headers=signed(FORM))

    assert (answer.status_code, answer.data, answer.mimetype) == (200, b"<Response/>", "text/xml")
    ((lane, body),) = publisher.lane
    report = json.loads(body)
    assert (lane, report["carrier_id"], report["kind"], report["document"]) == (
        CARRIER_REPORTS, TWILIO["id"], "twilio", FORM,
    )  # fmt: skip
    assert TOKEN not in body.decode()


def test_the_query_is_signed_as_well(client, publisher):
    headers = signed(FORM, f"{URL}?a=1&b=%C4%85")
    assert client.post("/hooks/carriers/c?a=1&b=%C4%85", data=FORM, headers=headers).status_code == 200
    assert client.post("/hooks/carriers/c?a=2&b=%C4%85", data=FORM, headers=headers).status_code == 403
    assert reports(publisher) == [{"a": "1", "b": "ą", **FORM}]


def test_json_is_signed_by_its_digest(client, publisher):
    raw = json.dumps(FORM).encode()
    query = f"?bodySHA256={hashlib.sha256(raw).hexdigest()}"
    headers = signed({}, URL + query)
    sent = {"content_type": "application/json", "headers": headers}
    assert client.post("/hooks/carriers/c" + query, data=raw, **sent).status_code == 200
    assert client.post("/hooks/carriers/c" + query, data=raw + b" ", **sent).status_code == 403
    # Without it the signature says nothing of the body.
    unsigned = {"content_type": "application/json", "headers": signed({})}
    assert client.post("/hooks/carriers/c", data=raw, **unsigned).status_code == 403
    assert client.post("/hooks/carriers/c", data=raw, headers=signed({})).status_code == 403
    assert reports(publisher) == [FORM]


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-Twilio-Signature": ""}, {"X-Twilio-Signature": "ó"}, signed(FORM, token="x" * 32),
     signed({**FORM, "To": "+48"}), signed(FORM, URL.replace("https", "http"))],
)  # fmt: skip
def test_what_is_not_signed_so_is_nobodys(client, publisher, headers):
    answer = client.post("/hooks/carriers/c", data=FORM, headers=headers)
    assert (answer.status_code, answer.json["code"], publisher.lane) == (403, "hook.refused", [])


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=20), max_size=6))
def test_signatures_are_twilios(form):
    assert signature(TOKEN, URL, list(form.items())) == RequestValidator(TOKEN).compute_signature(URL, form)


@pytest.mark.parametrize(
    ("known", "path", "status"),
    [
        (hook(), "c", 403),
        (hook(secret="s" * 20), "c", 403),
        (hook(secret="s" * 20), "c?secret=" + "s" * 19, 403),
        (hook(secret="s" * 20), "c?secret=" + "s" * 20, 200),
        (hook(secret="s" * 20, previous="p" * 20), "c?secret=" + "s" * 20, 200),
        (hook(secret="s" * 20, previous="p" * 20), "c?secret=" + "p" * 20, 200),
        (hook(secret="s" * 20, previous="p" * 20), "c", 403),
        (hook(previous="p" * 20), "c?secret=" + "p" * 20, 403),
        (hook(networks=["127.0.0.0/8"]), "c", 200),
        (hook(networks=["192.0.2.0/24", "2001:db8::/32"]), "c", 403),
        (hook(networks=["192.0.2.0/24"], secret="s" * 20), "c?secret=" + "s" * 20, 403),
        (hook(networks=["127.0.0.1"], secret="s" * 20), "c", 403),
        (NotFound("carrier.not_found"), "c", 404),
        (hook(networks=["127.0.0.0/8"]), "No", 404),
        (hook(networks=["127.0.0.0/8"]), "x" * 41, 404),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_others_are_known_by_secret_or_by_where_they_come_from(
    client, services, publisher, known, path, status, method
):
    services.answers["sms_gateway.get_carrier_hook"] = known
    answer = client.open(f"/hooks/carriers/{path}", method=method, query_string=None)
    assert answer.status_code == status
    assert reports(publisher) == ([{}] if status == 200 else [])


@pytest.mark.parametrize(
    ("raw", "media_type", "document"),
    [
        (urlencode({"MsgId": "a,b", "status": "404,405"}).encode(), "application/x-www-form-urlencoded",
         {"MsgId": "a,b", "status": "404,405"}),
        (b'[{"id": 1}]', "application/json", {"list": [{"id": 1}]}),
        (b"{", "application/json", {"unreadable": "{"}),
        (b'{"a": "\\u0000"}', "application/json", {"unreadable": '{"a": "\\u0000"}'}),
        (b'{"a": 123456789012345678901234567890}', "application/json",
         {"unreadable": '{"a": 123456789012345678901234567890}'}),
        (b"a=%00", "application/x-www-form-urlencoded", {"unreadable": "a=%00"}),
        (b"\xff\x00\xfe", "application/x-www-form-urlencoded", {"unreadable": "\xff\xfe"}),
        (b"<xml/>", "text/xml", {}),
    ],
)  # fmt: skip
def test_whatever_a_carrier_says_it_is_thanked(client, services, publisher, raw, media_type, document):
    services.answers["sms_gateway.get_carrier_hook"] = hook(networks=["127.0.0.0/8"])
    answer = client.post("/hooks/carriers/c", data=raw, content_type=media_type)
    assert (answer.status_code, answer.data) == (200, b"OK")
    assert reports(publisher) == [document]


def test_who_cannot_be_stored_for_is_asked_to_come_again(client, publisher):
    publisher.fails = True
    answer = client.post("/hooks/carriers/c", data=FORM, headers=signed(FORM))
    assert (answer.status_code, answer.json["code"]) == (503, "broker.unavailable")


def test_a_carrier_is_asked_for_once_and_strangers_guess_slowly(client, services, publisher):
    for _ in range(100):
        assert client.post("/hooks/carriers/c", data=FORM, headers=signed(FORM)).status_code == 200
    assert len(services.asked("sms_gateway.get_carrier_hook")) == 1
    statuses = [client.post(f"/hooks/carriers/guess{number}", data=FORM).status_code for number in range(100)]
    assert statuses[-1] == 429 and len(services.asked("sms_gateway.get_carrier_hook")) <= 61
    # The carrier's own go on, though it has the same address.
    assert client.post("/hooks/carriers/c", data=FORM, headers=signed(FORM)).status_code == 200
    assert len(reports(publisher)) == 101


def test_carriers_that_are_known_cost_no_guesses(client, services, publisher):
    services.answers["sms_gateway.get_carrier_hook"] = hook(networks=["127.0.0.0/8"])
    asked = [client.post(f"/hooks/carriers/c{number}", data=FORM).status_code for number in range(100)]
    assert set(asked) == {200}
    services.answers["sms_gateway.get_carrier_hook"] = NotFound("carrier.not_found")
    unknown = [client.post(f"/hooks/carriers/u{number}", data=FORM).status_code for number in range(100)]
    assert (unknown[0], unknown[-1]) == (404, 429)
    assert len(services.asked("sms_gateway.get_carrier_hook")) <= 100 + 60
