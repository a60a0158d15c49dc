"""Carriers and the routes to them, which are the operators'."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from uuid import UUID

from marshmallow import ValidationError, fields, validate

from contracts.rpc import Call
from contracts.schema import PHONE, PageQuery, Reasoned, Schema, Word, page_of, plain_text
from contracts.sms_gateway.contents import NATIONAL_LANGUAGES, national_language
from contracts.sms_gateway.http_carriers import MEANINGS, HttpSettings
from contracts.vocabulary import Lane, MessageState

CARRIER_KINDS = ("smpp", "smsapi", "twilio", "http")
# A host name (RFC 1123) or an address, IPv6 without brackets.
_LABEL = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
_is_host_name = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*\.?\Z").match


def _is_host(value: str) -> None:
    """:raises ValidationError: neither a host's name nor its address."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        last = value.rstrip(".").rpartition(".")[2]
        if not _is_host_name(value) or last.isdecimal():
            raise ValidationError("Not a host name or an IP address.") from None


_HOSTS = [{"type": "string", "format": kind} for kind in ("hostname", "ipv4", "ipv6")]
_pem = [validate.Length(max=50_000), validate.Regexp(r"\A[ -~\r\n\t]*\Z", error="Not PEM.")]
_c_string = validate.Regexp(r"\A[ -~]*\Z", error="Not a valid value: printable ASCII only.")


def _ensure_errors(table: Mapping[str, str]) -> None:
    """:raises ValidationError: two entries of one status."""
    statuses = [int(code, 16) for code in table]
    if len(set(statuses)) != len(statuses):
        raise ValidationError("A command_status is there twice.")


# SAR's three, message_payload and qos_time_to_live: they say how a message is cut, and until when it is of use.
OWN_PARAMETERS = ("0x020c", "0x020e", "0x020f", "0x0424", "0x0017")

# A receipt's id, state and network code are those that the partner knows; the others are as above.
OWN_IN_DELIVERIES = ("0x001e", "0x0427", "0x0423", "0x0424", "0x020c", "0x020e", "0x020f")


class CarrierSettings(Schema):
    """Settings of a carrier that can change. `rate` in parts a second over all binds, 0 for no limit."""

    host = fields.String(validate=_is_host, metadata={"any_of": _HOSTS})
    port = fields.Integer(strict=True, validate=validate.Range(min=1, max=65_535))
    system_id = fields.String(validate=[validate.Length(min=1, max=15), _c_string])
    password = fields.String(validate=[validate.Length(max=8), _c_string], load_only=True)
    system_type = fields.String(validate=[validate.Length(max=12), _c_string])
    bind_mode = fields.String(validate=validate.OneOf(("transceiver", "transmitter_receiver", "transmitter")))
    binds = fields.Integer(strict=True, validate=validate.Range(min=1, max=64))
    window = fields.Integer(strict=True, validate=validate.Range(min=1, max=10_000))
    rate = fields.Integer(strict=True, validate=validate.Range(min=0, max=1_000_000))
    tls = fields.Boolean(
        metadata={
            "description": "TLS 1.2 or later. The carrier's certificate is checked by the system's authorities and the"
            " host's name or address, where the fields below say nothing else"
        }
    )
    tls_ca = fields.String(
        allow_none=True,
        validate=_pem,
        metadata={"description": "The authorities that are believed instead of the system's, in PEM"},
    )
    tls_pin = fields.String(
        allow_none=True,
        validate=validate.Regexp(r"^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}\Z", error="Not a SHA-256 in hex."),
        metadata={
            "description": "SHA-256 of the carrier's own certificate (DER) in hex, with or without colons. Any other is"
            " refused; the name is not compared then, and no authority asked unless `tls_ca` names one"
        },
    )
    tls_server_name = fields.String(
        allow_none=True,
        validate=_is_host,
        metadata={
            "description": "The name that the certificate is for, where it is not the host; sent as SNI",
            "any_of": _HOSTS,
        },
    )
    tls_certificate = fields.String(
        allow_none=True,
        validate=_pem,
        metadata={"description": "Our client certificate in PEM, followed by those that lead to an authority"},
    )
    tls_key = fields.String(
        allow_none=True,
        validate=_pem,
        load_only=True,
        metadata={"description": "The client certificate's key in PEM, without a passphrase; never shown"},
    )
    long_form = fields.String(validate=validate.OneOf(("udh", "sar", "payload")))
    national_languages = fields.List(
        fields.String(validate=validate.OneOf(NATIONAL_LANGUAGES)),
        validate=validate.Length(max=len(NATIONAL_LANGUAGES)),
        metadata={
            "description": "Whose tables of GSM 03.38 it takes, and every network behind it; none unless said. A test"
            " send with `national_language` tells what arrives"
        },
    )
    parameters = fields.Dict(
        keys=fields.String(
            validate=[
                validate.Regexp(r"^0x[0-9a-f]{4}\Z", error="Not a tag: 0x1400."),
                validate.NoneOf(OWN_PARAMETERS, error="It is written for each message."),
            ]
        ),
        values=fields.String(
            allow_none=True, validate=validate.Regexp(r"^([0-9a-fA-F]{2}){0,255}\Z", error="Not octets in hex.")
        ),
        validate=validate.Length(max=20),
        allow_none=True,
        metadata={
            "description": "Optional parameters (SMPP 3.4 section 5.3.2) of each message to it, the carrier's own among"
            " them: the value in hex, or null to pass on what an SMPP partner sent"
        },
    )
    passed_on = fields.List(
        fields.String(
            validate=[
                validate.Regexp(r"^0x[0-9a-f]{4}\Z", error="Not a tag: 0x1400."),
                validate.NoneOf(OWN_IN_DELIVERIES, error="It is written for each receipt or message."),
            ]
        ),
        validate=validate.Length(max=20),
        metadata={
            "description": "Tags of the optional parameters that SMPP partners get with its receipts and with messages"
            " from phones: those that came. Of a long message from a phone that is joined here, none"
        },
    )
    errors = fields.Dict(
        keys=fields.String(
            validate=validate.Regexp(r"^0x(?!0+\Z)[0-9a-f]{2,8}\Z", error="Not a command_status: 0x0b.")
        ),
        values=fields.String(validate=validate.OneOf([each for each in MEANINGS if each != "unknown"])),
        validate=[validate.Length(max=200), _ensure_errors],
        allow_none=True,
        metadata={
            "description": "What its command_status mean: slow_down, fail_over (another carrier may take it now), retry"
            " or reject, where that is not what SMPP says of them"
        },
    )
    receipt_ids = fields.String(
        validate=validate.OneOf(("same", "hex_to_decimal", "decimal_to_hex", "auto")),
        metadata={
            "description": "How the id in a receipt relates to the id in submit_sm_resp: case and leading zeros of"
            " numbers never matter; `auto` finds out from the first hundred receipts"
        },
    )
    response_timeout = fields.Integer(
        strict=True,
        validate=validate.Range(min=1, max=600),
        metadata={
            "description": "Seconds until a submit_sm without an answer is given up and its bind made anew (default 60)"
        },
    )
    receipts_within = fields.Integer(
        strict=True,
        allow_none=True,
        validate=validate.Range(min=10, max=86_400),
        metadata={
            "description": "Seconds in which its receipts come. Where half of a sample have none by then, others take"
            " its traffic but for 2 %, and give back 10, 50 and all of it as they come again; a sole carrier keeps it."
            " null: they are never late"
        },
    )
    without_receipt = fields.String(
        validate=validate.OneOf(("expired", "unknown")),
        metadata={"description": "What a message ends as when no receipt has come a day after its time was over"},
    )
    enabled = fields.Boolean()

    http = fields.Nested(
        HttpSettings,
        allow_none=True,
        metadata={"description": "Of a carrier that is reached by HTTP, in the place of host, port and system id"},
    )
    token = fields.String(
        allow_none=True,
        validate=[validate.Length(min=1, max=500), _c_string],
        load_only=True,
        metadata={
            "description": "What we are known by: an access token, or the password to `http.account`; never shown"
        },
    )
    hook_secret = fields.String(
        allow_none=True,
        validate=validate.Regexp(r"^[A-Za-z0-9_-]{16,100}\Z", error="Not a valid secret."),
        load_only=True,
        metadata={
            "description": "Of the address that the carrier reports to, `/hooks/carriers/{name}?secret=…`; never shown."
            " Twilio signs its requests by its token instead"
        },
    )


class CarrierChange(CarrierSettings, Reasoned):
    pass


class CarrierCreate(CarrierChange):
    name = fields.String(
        required=True, validate=validate.Regexp(r"^[a-z0-9][a-z0-9_-]{0,39}\Z", error="Not a valid name.")
    )
    kind = fields.String(
        load_default="smpp",
        validate=validate.OneOf(CARRIER_KINDS),
        metadata={
            "description": "smpp needs host, port and system id; smsapi, twilio and http (any other that is reached so)"
            " need `http` and `token`"
        },
    )
    password = fields.String(load_default="", validate=[validate.Length(max=8), _c_string], load_only=True)


class Carrier(CarrierSettings):
    """The password and the other secrets are never shown. Host, port and system id are null of one by HTTP."""

    id = fields.UUID()
    kind = fields.String(validate=validate.OneOf(CARRIER_KINDS))
    host = fields.String(allow_none=True, validate=_is_host, metadata={"any_of": _HOSTS})
    port = fields.Integer(allow_none=True, validate=validate.Range(min=1, max=65_535))
    system_id = fields.String(allow_none=True)
    name = fields.String()
    created_at = fields.AwareDateTime()


class CarrierTest(Reasoned):
    """A message by this carrier and no other, in no account's quota."""

    to = fields.String(required=True, validate=PHONE)
    sender = fields.String(
        required=True,
        validate=validate.Regexp(r"^(\+?[0-9]{3,15}|[A-Za-z0-9 .&_-]{3,11})\Z", error="Not a valid name."),
        metadata={"description": "Whom it is from: one that the carrier knows"},
    )
    text = fields.String(required=True, validate=[validate.Length(min=1, max=1_000), plain_text])
    national_language = national_language()


class CarrierTestResult(Schema):
    """What became of it so far. Given up after five minutes."""

    id = fields.UUID()
    to = fields.String()
    state = Word(MessageState)
    code = fields.String(allow_none=True)
    parts = fields.Integer()
    created_at = fields.AwareDateTime()
    submitted_at = fields.AwareDateTime(allow_none=True)
    final_at = fields.AwareDateTime(allow_none=True)


class CarrierHookOf(Schema):
    name = fields.String(required=True, validate=validate.Length(max=40))


class CarrierHook(Schema):
    """What the gateway believes a carrier's requests by. It goes no further than there: no route answers with it.

    `signing_key`: of signed requests; `secret`: of the address that they come to, `previous_secret` the one before
    where it is believed still. Without one, and without networks in `http`, nobody is believed.
    """

    id = fields.UUID(required=True)
    kind = fields.String(required=True)
    http = fields.Nested(HttpSettings, required=True)
    signing_key = fields.String(allow_none=True, required=True)
    secret = fields.String(allow_none=True, required=True)
    previous_secret = fields.String(allow_none=True)


class CarrierBind(Schema):
    """One bind of one process: `unanswered` submit_sm of its window; why the last one before it ended."""

    kind = fields.String()
    is_bound = fields.Boolean()
    unanswered = fields.Integer()
    last_error = fields.String(allow_none=True)


class AnswerShares(Schema):
    """Of the answers of the last minute: the carrier throttled, had an error of its own, refused the message, or did
    not answer before the connection ended or the time was over."""

    throttled = fields.Float()
    ill = fields.Float()
    refused = fields.Float()
    lost = fields.Float()


class CarrierProcess(Schema):
    """How the carrier is for one outbound process: now, and by the answers and receipts of its last minute."""

    instance_id = fields.UUID()
    circuit = fields.String(
        validate=validate.OneOf(("closed", "open", "trial")),
        metadata={"description": "open: it gets nothing for now, because it answered errors; trial: a little"},
    )
    traffic_share = fields.Float(
        metadata={"description": "Of what routes lead to it, how much it gets: less than 1 while its receipts are late"}
    )
    binds = fields.List(fields.Nested(CarrierBind))
    window = fields.Integer()
    sent_per_second = fields.Integer()
    rate_limit = fields.Float(
        allow_none=True,
        metadata={"description": "Parts a second that this process may send now: its share, less after throttling"},
    )
    waiting = fields.Integer(metadata={"description": "Messages and parts that wait in this process"})
    oldest_seconds = fields.Float(metadata={"description": "Age of the oldest of them"})
    answers = fields.Integer()
    shares = fields.Nested(AnswerShares)
    receipt_ids = fields.String(
        allow_none=True, metadata={"description": "The form of ids in receipts; null while it is being found out"}
    )
    receipts = fields.Integer()
    receipts_not_understood = fields.Integer()
    receipt_seconds = fields.Float(
        allow_none=True,
        metadata={
            "description": "From submission to the phone on average, by the dates in the receipts; null where none came"
            " or none has dates"
        },
    )


class CarrierState(Schema):
    """A carrier as each living outbound process has it, a few seconds old at most."""

    carrier_id = fields.UUID()
    processes = fields.List(fields.Nested(CarrierProcess))


class UnreadDelivery(Schema):
    """What a carrier sent and nobody understands: a receipt of an unknown dialect, or broken bytes. Kept three days."""

    id = fields.UUID()
    received_at = fields.AwareDateTime()
    reason = fields.String(metadata={"description": "What could not be understood"})
    pdu = fields.String(metadata={"description": "The whole PDU in hex, up to 4,096 octets"})


UnreadDeliveryPage = page_of(UnreadDelivery)


_BY_COST = {
    "description": "Of the routes of one priority that say so, the one whose carrier takes least for a part to that"
    " network or country now takes the messages, then the next; those without a price come last, and those that cost"
    " the same share by `share`"
}


class CarrierRouteSettings(Schema):
    """Messages whose number starts with `prefix` (empty: all) or is of a network, of one account or lane or of all, go
    to a carrier.

    The routes with the lowest `priority` number whose carrier is up share the traffic by `share`; the next priority is
    the fail-over. The longest prefix wins over any priority, and of one prefix a network's routes over those of all.
    """

    carrier_id = fields.UUID(required=True)
    prefix = fields.String(
        load_default="", validate=validate.Regexp(r"^(\+[0-9]{1,15})?\Z", error="Not a valid prefix.")
    )
    network = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"^([a-z]{2}|001)\.[a-z0-9-]{1,60}\Z", error="Not a valid name."),
        metadata={
            "description": "A country and a network, `pl.play`, by the plan that a number's range stands in: who took"
            " their number along counts as with the first"
        },
    )
    account_id = fields.UUID(load_default=None, allow_none=True)
    lane = Word(Lane, load_default=None, allow_none=True)
    priority = fields.Integer(load_default=100, strict=True, validate=validate.Range(min=0, max=10_000))
    share = fields.Integer(load_default=1, strict=True, validate=validate.Range(min=1, max=1_000))
    by_cost = fields.Boolean(load_default=False, metadata=_BY_COST)
    enabled = fields.Boolean(load_default=True)


class RouteCreate(CarrierRouteSettings, Reasoned):
    pass


class RouteChange(Reasoned):
    priority = fields.Integer(strict=True, validate=validate.Range(min=0, max=10_000))
    share = fields.Integer(strict=True, validate=validate.Range(min=1, max=1_000))
    by_cost = fields.Boolean(metadata=_BY_COST)
    enabled = fields.Boolean()


class CarrierRoute(CarrierRouteSettings):
    id = fields.UUID()


CarrierPage = page_of(Carrier)
RoutePage = page_of(CarrierRoute)

RPC: dict[str, Call] = {
    "list_carriers": Call(PageQuery, CarrierPage),
    "create_carrier": Call(CarrierCreate, Carrier),
    "update_carrier": Call(CarrierChange, Carrier, path={"carrier_id": UUID}),
    "get_carrier_state": Call(None, CarrierState, path={"carrier_id": UUID}),
    "list_unread_deliveries": Call(PageQuery, UnreadDeliveryPage, path={"carrier_id": UUID}),
    "test_carrier": Call(CarrierTest, CarrierTestResult, path={"carrier_id": UUID}),
    "get_carrier_test": Call(None, CarrierTestResult, path={"carrier_id": UUID, "message_id": UUID}),
    "get_carrier_hook": Call(CarrierHookOf, CarrierHook),
    "delete_carrier": Call(Reasoned, None, path={"carrier_id": UUID}),
    "list_routes": Call(PageQuery, RoutePage),
    "create_route": Call(RouteCreate, CarrierRoute),
    "update_route": Call(RouteChange, CarrierRoute, path={"route_id": UUID}),
    "delete_route": Call(Reasoned, None, path={"route_id": UUID}),
}
