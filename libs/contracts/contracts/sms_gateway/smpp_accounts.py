"""SMPP accounts: what partners bind with (SMPP 3.4), and the binds that there are."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, line_field, page_of
from contracts.sms_gateway.messages import SINGLE_LANES
from contracts.vocabulary import Lane


def _addresses(**rules: Any) -> fields.List[str]:
    return fields.List(
        fields.String(validate=validate.Length(max=50)),
        validate=validate.Length(max=200),
        metadata={"description": "Addresses and networks that may bind, IPv4 or IPv6; empty: any"},
        **rules,
    )


def _senders(**rules: Any) -> fields.List[str]:
    return fields.List(
        fields.String(validate=validate.Length(min=1, max=20)),
        validate=validate.Length(max=200),
        metadata={"description": "The sender IDs that it may use, of the account's active ones; empty: all of them"},
        **rules,
    )


def _lane(**rules: Any) -> fields.Enum[Lane]:
    return fields.Enum(
        Lane,
        by_value=True,
        validate=validate.OneOf(SINGLE_LANES),
        metadata={"description": "`otp` for one-time codes and alerts, which nothing else delays"},
        **rules,
    )


_RANGES = {
    "max_binds": (1, 64, "Binds at the same time, over all servers"),
    "rate": (1, 10_000, "Messages a second over all binds; more are answered ESME_RTHROTTLED"),
    "window": (1, 1_000, "Requests of one bind that may be unanswered; more are answered ESME_RTHROTTLED"),
}


def _number(name: str, **rules: Any) -> fields.Integer:
    least, most, what = _RANGES[name]
    return fields.Integer(
        strict=True,
        validate=validate.Range(min=least, max=most),
        metadata={"description": what},
        **rules,
    )


def _answers(**rules: Any) -> fields.Boolean:
    return fields.Boolean(
        metadata={"description": "Whether people's answers to the account's numbers are delivered to it"},
        **rules,
    )


def _client_certificates(**rules: Any) -> fields.String:
    return fields.String(
        allow_none=True,
        validate=[validate.Length(max=50_000), validate.Regexp(r"\A[ -~\r\n\t]*\Z", error="Not PEM.")],
        metadata={
            "description": "PEM of the client certificates of which it must present one (its own, not an authority's;"
            " up to five, so that one can follow another), by TLS alone then; null: it needs none"
        },
        **rules,
    )


class SmppAccountCreate(Schema):
    name = line_field(100, required=True, minimum=1)
    ip_list = _addresses(load_default=list)
    senders = _senders(load_default=list)
    lane = _lane(load_default=Lane.TRANSACTIONAL)
    max_binds = _number("max_binds", load_default=4)
    rate = _number("rate", load_default=100)
    window = _number("window", load_default=100)
    answers = _answers(load_default=True)
    client_certificates = _client_certificates(load_default=None)


class SmppAccountChange(Schema):
    """Binds of a disabled one end within two seconds."""

    name = line_field(100, minimum=1)
    ip_list = _addresses()
    senders = _senders()
    lane = _lane()
    max_binds = _number("max_binds")
    rate = _number("rate")
    window = _number("window")
    answers = _answers()
    client_certificates = _client_certificates()
    enabled = fields.Boolean()


class SmppAccount(SmppAccountChange):
    id = fields.UUID()
    system_id = fields.String(metadata={"description": "What it binds as"})
    waiting = fields.Integer(
        metadata={"description": "Receipts and answers that wait for a bind or its answer", "volatile": True}
    )
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class NewSmppAccount(SmppAccount):
    """`password` is shown this once; only its hash is kept."""

    password = fields.String()


class SmppBind(Schema):
    """One bind, as the server that holds it told of it within the last seconds."""

    id = fields.UUID()
    kind = fields.String(validate=validate.OneOf(("transmitter", "receiver", "transceiver")))
    address = fields.String(metadata={"description": "From where it is bound"})
    tls = fields.Boolean()
    bound_at = fields.AwareDateTime()
    accepted = fields.Integer(metadata={"description": "Messages that were accepted"})
    refused = fields.Integer(metadata={"description": "Messages that were refused, throttled ones among them"})
    delivered = fields.Integer(metadata={"description": "Receipts and answers that it has acknowledged"})
    unanswered = fields.Integer(metadata={"description": "Of its requests, those that are not answered yet"})
    unacknowledged = fields.Integer(metadata={"description": "Of ours, those that it has not answered yet"})
    last_error = fields.String(
        allow_none=True, metadata={"description": "Why the last message was refused, or what it did not acknowledge"}
    )
    last_error_at = fields.AwareDateTime(allow_none=True)


class RefusedBind(Schema):
    """The last bind with this system id that was refused, and why. The peer itself is only told that it failed."""

    at = fields.AwareDateTime()
    address = fields.String()
    reason = fields.String(
        validate=validate.OneOf(
            ("password", "address", "certificate", "disabled", "suspended", "max_binds", "server_full")
        )
    )


class SmppBinds(Schema):
    items = fields.List(fields.Nested(SmppBind))
    last_refused = fields.Nested(RefusedBind, allow_none=True)


SmppAccountPage = page_of(SmppAccount)

RPC: dict[str, Call] = {
    "list_smpp_accounts": Call(PageQuery, SmppAccountPage),
    "create_smpp_account": Call(SmppAccountCreate, NewSmppAccount),
    "get_smpp_account": Call(None, SmppAccount, path={"smpp_account_id": UUID}),
    "update_smpp_account": Call(SmppAccountChange, SmppAccount, path={"smpp_account_id": UUID}, edits=SmppAccount),
    "rotate_smpp_password": Call(None, NewSmppAccount, path={"smpp_account_id": UUID}),
    "delete_smpp_account": Call(path={"smpp_account_id": UUID}, edits=SmppAccount),
    "list_smpp_binds": Call(None, SmppBinds, path={"smpp_account_id": UUID}),
}
