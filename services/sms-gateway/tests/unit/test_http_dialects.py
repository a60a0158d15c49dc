"""What each HTTP carrier is asked, and what its reports say."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_gateway.content.as_text import TextEnvelope
from sms_gateway.content.parts import LongForm
from sms_gateway.content.template import RenderFailed, Template
from sms_gateway.http_api import hooks, templates
from sms_gateway.http_api.dialects import dialect_of
from sms_gateway.http_api.meanings import Meaning
from sms_gateway.http_api.requests import Access, Request, Requests
from sms_gateway.smpp.receipts import Inbound, Receipt, Unread

ACCESS = Access("AC1", "t0ken", "https://wici.example/hooks/carriers/c?secret=s")


def asked(kind: str, http: dict[str, Any], text: str = "Zażółć", **content: Any) -> Request:
    made = {"text": text, "literal": True, **content}
    (body,) = TextEnvelope("Wici", made, LongForm.TEXT).bodies("+48600100200", Template(made).encode({}), 1)
    return Requests(dialect_of(kind, http), ACCESS).of(orjson.loads(body), "0193")


def test_smsapi() -> None:
    request = asked("smsapi", {}, "x" * 200, flash=True)

    assert request.url == "https://api.smsapi.pl/sms.do" and request.method == b"POST"
    assert (b"Authorization", b"Bearer t0ken") in request.headers
    assert dict(parse_qsl(request.body.decode())) == {
        "to": "48600100200", "from": "Wici", "message": "x" * 200, "format": "json", "encoding": "utf-8", "flash": "1",
        "notify_url": ACCESS.hook_url, "idx": "0193", "check_idx": "1",
        "max_parts": "2",
    }  # fmt: skip


def test_twilio() -> None:
    request = asked("twilio", {"account": "AC1"}, validity_minutes=10)

    assert request.url == "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json"
    assert dict(request.headers)[b"Authorization"] == b"Basic " + base64.b64encode(b"AC1:t0ken")
    assert dict(parse_qsl(request.body.decode())) == {
        "To": "+48600100200", "From": "Wici", "Body": "Zażółć", "StatusCallback": ACCESS.hook_url,
        "ValidityPeriod": "600",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "minutes", "sent"),
    [
        ("twilio", 2880, "36000"), ("twilio", 600, "36000"), ("twilio", 1, "60"), ("twilio", None, None),
        ("smsapi", 15, None), ("smsapi", 5, None), ("smsapi", 16, "960"), ("smsapi", 9999, str(72 * 3600 - 60)),
        ("http", 1, "60"), ("http", 9999, str(9999 * 60)),
    ],
)  # fmt: skip
def test_a_validity_is_one_that_the_carrier_takes(kind: str, minutes: int | None, sent: str | None) -> None:
    http = {"url": "https://sms.example", "format": "form", "body": {"v": "{validity_seconds}"}}
    assert dict(parse_qsl(asked(kind, http, validity_minutes=minutes).body.decode())).get("v") == sent


def test_what_smsapi_has_had_before_nobody_knows_more_of() -> None:
    answer = Requests(dialect_of("smsapi", {}), ACCESS).read(200, b'{"error": 53, "message": "Not unique idx"}')
    assert answer.meaning is Meaning.UNKNOWN


@pytest.mark.parametrize("format_", ["json", "form", "query"])
def test_any_other_is_asked_as_it_is_described(format_: str) -> None:
    http = {
        "url": "https://sms.example/{account}/send", "format": format_, "headers": {"X-Key": "key {token}"},
        "body": {"dst": "{to_digits}", "msg": "{from}: {text}", "parts": "{parts}", "ttl": "{validity_seconds}"},
    }  # fmt: skip
    request = asked("http", http, 'a"b&c=ą')

    assert request.url.startswith("https://sms.example/AC1/send") and (b"X-Key", b"key t0ken") in request.headers
    sent = {"dst": "48600100200", "msg": 'Wici: a"b&c=ą', "parts": 1}
    if format_ == "json":
        assert orjson.loads(request.body) == sent
    else:
        fields = request.body.decode() if format_ == "form" else urlsplit(request.url).query
        assert dict(parse_qsl(fields)) == {**sent, "parts": "1"}


@given(st.text(max_size=300), st.sampled_from(["{text}", "<{text}>"]))
def test_a_text_arrives_as_it_is_whatever_is_in_it(text: str, template: str) -> None:
    values: dict[str, str | int | None] = {"text": text}
    assert templates.filled({"m": [template]}, values) == {"m": [template.replace("{text}", text)]}
    url = templates.filled_url("https://x.example/?m={text}", values)
    assert url.isascii() and dict(parse_qsl(urlsplit(url).query, keep_blank_values=True)) == {"m": text}


def test_octets_that_are_no_text_do_not_leave_by_http() -> None:
    octets = {"text": "", "literal": True, "octets": "AAEC", "data_coding": 4, "has_header": False, "protocol_id": 0}
    with pytest.raises(RenderFailed):
        asked("smsapi", {}, **octets)


def receipts_of(kind: str, document: dict[str, Any], **http: Any) -> list[tuple[str, str | None, str]]:
    found = hooks.read(dialect_of(kind, http), document)
    return [(each.carrier_message_id, each.state, each.code) for each in found if isinstance(each, Receipt)]


@pytest.mark.parametrize(
    ("kind", "document", "receipts"),
    [
        ("smsapi", {"MsgId": "6A", "status": "404", "to": "48600"}, [("6A", "delivered", "404")]),
        ("smsapi", {"MsgId": "a,b,c", "status": "404,405,403"},
         [("a", "delivered", "404"), ("b", "undelivered", "405"), ("c", None, "403")]),
        ("smsapi", {"MsgId": "a,b", "status": "402"}, [("a", "expired", "402"), ("b", "expired", "402")]),
        ("twilio", {"MessageSid": "SM1", "MessageStatus": "delivered"}, [("SM1", "delivered", "delivere")]),
        ("twilio", {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30003"},
         [("SM1", "undelivered", "30003")]),
        ("twilio", {"MessageSid": "SM1", "MessageStatus": "sent"}, [("SM1", None, "sent")]),
    ],
)  # fmt: skip
def test_receipts(kind: str, document: dict[str, Any], receipts: list[Any]) -> None:
    assert receipts_of(kind, document) == receipts


def test_receipts_in_a_list_as_they_are_described() -> None:
    form = {"id": "m.id", "state": "s", "states": {"OK": "delivered", "wait": None}}
    document = {
        "results": [{"m": {"id": 7}, "s": "ok"}, {"m": {"id": 8}, "s": "WAIT"}, {"m": {"id": 9}, "s": "odd"}, 3]
    }
    told = hooks.read(dialect_of("http", {"receipts": form, "entries": "results"}), document)

    assert receipts_of("http", document, receipts=form, entries="results") == [
        ("7", "delivered", "ok"),
        ("8", None, "WAIT"),
    ]
    assert [each.reason for each in told if isinstance(each, Unread)] == [
        "a receipt with a state that no table has", "neither a receipt nor a message from a phone",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "document", "identifier"),
    [
        ("smsapi", {"sms_from": "48600100200", "sms_to": "48500", "sms_text": "STOP żaba\0", "MsgId": "1"}, ""),
        ("twilio", {"From": "+48600100200", "To": "+48500", "Body": "STOP żaba", "SmsStatus": "received",
                    "MessageSid": "SM1"}, "SM1"),
    ],
)  # fmt: skip
def test_messages_from_phones(kind: str, document: dict[str, Any], identifier: str) -> None:
    (told,) = hooks.read(dialect_of(kind, {}), document)
    assert isinstance(told, Inbound)
    assert (told.source[-9:], told.destination[-3:]) == ("600100200", "500")
    assert (told.body.decode("utf-16-be"), told.carrier_message_id) == ("STOP żaba", identifier)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4), max_leaves=20,
)  # fmt: skip


@given(
    st.dictionaries(
        st.sampled_from(["MsgId", "status", "sms_from", "sms_text", "MessageSid", "MessageStatus", "Body"]), _JSON
    ),
    st.sampled_from(["smsapi", "twilio", "http"]),
)
def test_whatever_a_carrier_says_it_is_read(document: dict[str, Any], kind: str) -> None:
    for told in hooks.read(dialect_of(kind, {"entries": "x"} if kind == "http" else {}), document):
        assert "\0" not in getattr(told, "carrier_message_id", "")
