"""Settings of carriers that are reached by HTTP."""

from __future__ import annotations

import ipaddress
from typing import Any

from marshmallow import ValidationError, fields, validate

from contracts.schema import Schema, plain_text, rule
from contracts.vocabulary import MessageState

MEANINGS = ("slow_down", "fail_over", "retry", "reject", "unknown")
_RECEIPT_STATES = (
    MessageState.DELIVERED,
    MessageState.UNDELIVERED,
    MessageState.EXPIRED,
    MessageState.REJECTED,
    MessageState.UNKNOWN,
)
_printable = validate.Regexp(r"\A[ -~]*\Z", error="Not a valid value: printable ASCII only.")


def _path(description: str, **rules: Any) -> fields.String:
    """Where something stands in a JSON value: names and positions with dots between."""
    return fields.String(
        validate=validate.Regexp(r"^([A-Za-z0-9_-]{1,60}(\.[A-Za-z0-9_-]{1,60}){0,7})?\Z", error="Not a valid path."),
        metadata={"description": description},
        **rules,
    )


def _plain(value: Any) -> None:
    """:raises ValidationError: some text in it cannot be stored."""
    if isinstance(value, str):
        plain_text(value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _plain(name)
            _plain(inner)
    elif isinstance(value, list):
        for inner in value:
            _plain(inner)


def _is_network(text: str) -> None:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValidationError(rule("network.invalid", "Not an address or a network.")) from None


def _table(description: str) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(validate=[validate.Length(min=1, max=40), _printable]),
        values=fields.String(validate=validate.OneOf(MEANINGS)),
        validate=validate.Length(max=200),
        metadata={"description": description},
    )


class HttpAnswer(Schema):
    """Where a carrier's answer has what, such as `list.0.id`."""

    id = _path("Its id of the message")
    error = _path("The code of an error")


class HttpReceipts(Schema):
    """Where a receipt has what, and what its words mean."""

    id = _path("Its id of the message")
    state = _path("What became of it")
    code = _path("The code of an error")
    to = _path("The phone")
    sender = _path("The sender")
    states = fields.Dict(
        keys=fields.String(validate=[validate.Length(min=1, max=40), _printable]),
        values=fields.String(allow_none=True, validate=validate.OneOf([str(each) for each in _RECEIPT_STATES])),
        validate=validate.Length(max=100),
        metadata={"description": "Its words, and the state that each stands for; null: nothing final yet"},
    )


class HttpInbound(Schema):
    """Where a message from a phone has what."""

    source = _path("The phone")
    destination = _path("The number that it was sent to")
    text = _path("The text")
    id = _path("Its id of the message: one that is told of again is taken once")


class HttpLookUp(Schema):
    """How it is asked which network a number is with now (HLR, MNP): a GET whose `url` and `headers` may hold `{to}`,
    `{to_digits}`, `{account}`, `{token}` and `{basic}`."""

    url = fields.String(
        required=True,
        validate=[validate.Length(max=500), validate.Regexp(r"^https?://[!-~]+\Z", error="Not an http URL.")],
    )
    headers = fields.Dict(
        keys=fields.String(validate=validate.Regexp(r"^[A-Za-z0-9-]{1,60}\Z", error="Not a header's name.")),
        values=fields.String(validate=[validate.Length(max=1_000), _printable]),
        validate=validate.Length(max=20),
    )
    network = _path("Where the answer names the network", required=True)
    networks = fields.Dict(
        keys=fields.String(validate=[validate.Length(min=1, max=40), _printable]),
        values=fields.String(validate=validate.Length(max=64)),
        required=True,
        validate=validate.Length(min=1, max=1_000),
        metadata={"description": "Its names of networks, and ours: `26006` is `pl.play`"},
    )
    prefixes = fields.List(
        fields.String(validate=validate.Regexp(r"^\+[1-9][0-9]{0,14}\Z", error="Not a valid prefix.")),
        required=True,
        validate=validate.Length(min=1, max=50),
        metadata={"description": "Of which numbers it is asked"},
    )
    rate = fields.Integer(
        strict=True,
        validate=validate.Range(min=1, max=1_000),
        metadata={"description": "Questions a second of each process (default 10)"},
    )
    days = fields.Integer(
        strict=True,
        validate=validate.Range(min=1, max=90),
        metadata={"description": "For how long an answer is good (default 30)"},
    )


class HttpSettings(Schema):
    """How the carrier is asked and how it answers. Of smsapi and twilio all but `account` may be left out.

    `url`, the texts in `headers` and those in `body` may hold `{to}`, `{to_digits}`, `{from}`, `{text}`,
    `{message_id}`, `{parts}`, `{encoding}`, `{flash}`, `{validity_minutes}`, `{validity_seconds}`, `{expires_at}`,
    `{account}`, `{token}`, `{basic}` (account and token as HTTP's basic authentication) and `{hook_url}`. A text in
    `body` that is one of them and no more becomes the value itself, and is left out where a message has none.
    """

    account = fields.String(validate=[validate.Length(max=100), _printable])
    url = fields.String(
        validate=[validate.Length(max=500), validate.Regexp(r"^https?://[!-~]+\Z", error="Not an http URL.")],
        metadata={"description": "https; http only to the networks that the installation allows"},
    )
    method = fields.String(validate=validate.OneOf(("POST", "GET", "PUT")))
    format = fields.String(
        validate=validate.OneOf(("json", "form", "query")), metadata={"description": "How `body` travels"}
    )
    headers = fields.Dict(
        keys=fields.String(validate=validate.Regexp(r"^[A-Za-z0-9-]{1,60}\Z", error="Not a header's name.")),
        values=fields.String(validate=[validate.Length(max=1_000), _printable]),
        validate=validate.Length(max=20),
    )
    body = fields.Dict(
        keys=fields.String(validate=[validate.Length(min=1, max=100), plain_text]),
        validate=[validate.Length(max=50), _plain],
    )
    answer = fields.Nested(HttpAnswer)
    errors = _table(
        "What the carrier's own codes of errors mean; without an entry a code with an answer of 2xx rejects"
    )
    statuses = _table("What its HTTP statuses mean, where that is not what they say of themselves")
    receipts = fields.Nested(HttpReceipts)
    inbound = fields.Nested(HttpInbound)
    look_up = fields.Nested(HttpLookUp, allow_none=True)
    entries = _path("Where a request to us has a list of receipts or messages")
    hook_networks = fields.List(
        fields.String(validate=[validate.Length(max=50), _is_network]),
        validate=validate.Length(max=50),
        metadata={
            "description": "Addresses that its requests may come from; without any, and without a secret, none do"
        },
    )
