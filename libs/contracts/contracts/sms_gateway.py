"""What others may ask of sms-gateway: contents, single messages, sender IDs, carriers and routes."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.privacy import PersonAsked, PersonForgotten, PersonRecords, PersonToErase
from contracts.rpc import Call
from contracts.schema import PageQuery, Reasoned, Schema, Word, page_of, plain_text
from contracts.vocabulary import Lane, MessageState

TEXT_MAX = 5_000
VALIDITY_MAX = 4_320  # minutes: three days
RECIPIENTS_MAX = 1_000
SCHEDULE_MAX_DAYS = 90

_phone = validate.Regexp(r"^\+[1-9][0-9]{6,14}\Z", error="Not a valid E.164 number, such as +48600100200.")
_c_string = validate.Regexp(r"\A[ -~]*\Z", error="Not a valid value: printable ASCII only.")
SINGLE_LANES = (Lane.OTP, Lane.TRANSACTIONAL)


class Empty(Schema):
    """No payload, or no answer."""


class ById(Schema):
    id = fields.UUID(required=True)


class SmsContent(Schema):
    """What an SMS says; `text` may be a template over the recipient's fields."""

    text = fields.String(required=True, validate=[validate.Length(min=1, max=TEXT_MAX), plain_text])
    flash = fields.Boolean(load_default=False)
    validity_minutes = fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(min=1, max=VALIDITY_MAX)
    )
    replace_diacritics = fields.Boolean(load_default=False)


class Counted(Schema):
    """A text as it would travel. `units` are septets (gsm) or UTF-16 code units (ucs2)."""

    encoding = fields.String(validate=validate.OneOf(("gsm", "ucs2")))
    characters = fields.Integer()
    units = fields.Integer()
    parts = fields.Integer()
    offending = fields.List(fields.String(), metadata={"description": "Characters that force UCS-2, in order"})
    text = fields.String(metadata={"description": "The text after replacement"})


class PartsCount(Schema):
    text = fields.String(required=True, validate=[validate.Length(max=TEXT_MAX), plain_text])
    replace_diacritics = fields.Boolean(load_default=False)


class Prepare(Schema):
    """Check sender and template, and store both, immutable, under their hash."""

    sender = fields.String(required=True)
    content = fields.Nested(SmsContent, required=True)
    kind = fields.String(load_default="campaign")


class Prepared(Schema):
    """`parts_max` is for the text as it stands, with every variable at its default or empty."""

    content_hash = fields.String()
    variables = fields.List(fields.String())
    problems = fields.List(fields.Dict())
    parts_max = fields.Integer(allow_none=True)


class Preview(Schema):
    content_hash = fields.String(required=True)
    fields_ = fields.Dict(keys=fields.String(), data_key="fields", attribute="fields", load_default=dict)
    address = fields.String(load_default=None, allow_none=True)


class Previewed(Counted):
    sender = fields.String()


class SendTest(Schema):
    content_hash = fields.String(required=True)
    addresses = fields.List(fields.String(validate=_phone), required=True, validate=validate.Length(min=1, max=20))
    fields_ = fields.Dict(keys=fields.String(), data_key="fields", attribute="fields", load_default=dict)


class SmsCreate(Schema):
    """Send one text to up to 1,000 numbers.

    `lane`: `otp` for one-time codes and alerts, which nothing else delays. `validity` in minutes.
    """

    from_ = fields.String(required=True, data_key="from", attribute="from", validate=validate.Length(min=1, max=20))
    to = fields.List(fields.String(validate=_phone), required=True, validate=validate.Length(1, RECIPIENTS_MAX))
    text = fields.String(required=True, validate=[validate.Length(min=1, max=TEXT_MAX), plain_text])
    lane = fields.Enum(Lane, by_value=True, load_default=Lane.TRANSACTIONAL, validate=validate.OneOf(SINGLE_LANES))
    validity = fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(min=1, max=VALIDITY_MAX)
    )
    flash = fields.Boolean(load_default=False)
    replace_diacritics = fields.Boolean(load_default=False)
    schedule_at = fields.AwareDateTime(load_default=None, allow_none=True)
    external_id = fields.String(load_default=None, allow_none=True, validate=[validate.Length(max=100), plain_text])


class AcceptedSms(Schema):
    id = fields.UUID()
    to = fields.String()
    parts = fields.Integer()


class SmsAccepted(Schema):
    messages = fields.List(fields.Nested(AcceptedSms))


class Sms(Schema):
    """One message and what became of it."""

    id = fields.UUID()
    to = fields.String()
    from_ = fields.String(data_key="from", attribute="from", allow_none=True)
    text = fields.String(allow_none=True)
    state = fields.Enum(MessageState, by_value=True)
    code = fields.String(allow_none=True)
    parts = fields.Integer()
    campaign_id = fields.UUID(allow_none=True)
    external_id = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    submitted_at = fields.AwareDateTime(allow_none=True)
    final_at = fields.AwareDateTime(allow_none=True)


class SenderIdCreate(Schema):
    """3 to 11 letters, digits and spaces with a letter among them, or a phone number in E.164."""

    sender = fields.String(required=True, validate=validate.Length(max=20))


class SenderId(Schema):
    id = fields.UUID()
    account_id = fields.UUID()
    sender = fields.String()
    state = fields.String(validate=validate.OneOf(("requested", "verified", "active", "rejected")))
    reason = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class SenderIdQuery(PageQuery):
    state = fields.String(
        load_default=None, allow_none=True, validate=validate.OneOf(("requested", "verified", "active", "rejected"))
    )


class SenderDecision(Reasoned):
    """`verify`: the account's administrator has to accept it then. `activate` does both.

    The reason of a `reject` is shown to the account.
    """

    decision = fields.String(required=True, validate=validate.OneOf(("verify", "activate", "reject")))


class SenderDecisionById(SenderDecision, ById):
    pass


class ByIdWithReason(ById, Reasoned):
    pass


class CarrierSettings(Schema):
    """Settings of a carrier that can change. `rate` in parts a second over all binds, 0 for no limit."""

    host = fields.String(validate=[validate.Length(min=1, max=255), _c_string])
    port = fields.Integer(strict=True, validate=validate.Range(min=1, max=65_535))
    system_id = fields.String(validate=[validate.Length(min=1, max=15), _c_string])
    password = fields.String(validate=[validate.Length(max=8), _c_string], load_only=True)
    system_type = fields.String(validate=[validate.Length(max=12), _c_string])
    bind_mode = fields.String(validate=validate.OneOf(("transceiver", "transmitter_receiver", "transmitter")))
    binds = fields.Integer(strict=True, validate=validate.Range(min=1, max=64))
    window = fields.Integer(strict=True, validate=validate.Range(min=1, max=10_000))
    rate = fields.Integer(strict=True, validate=validate.Range(min=0, max=1_000_000))
    tls = fields.Boolean()
    long_form = fields.String(validate=validate.OneOf(("udh", "sar", "payload")))
    receipt_ids = fields.String(
        validate=validate.OneOf(("same", "hex_to_decimal", "decimal_to_hex")),
        metadata={"description": "How the id in a receipt relates to the id in submit_sm_resp"},
    )
    enabled = fields.Boolean()


class CarrierChange(CarrierSettings, Reasoned):
    pass


class CarrierCreate(CarrierChange):
    name = fields.String(
        required=True, validate=validate.Regexp(r"^[a-z0-9][a-z0-9_-]{0,39}\Z", error="Not a valid name.")
    )
    host = fields.String(required=True, validate=[validate.Length(min=1, max=255), _c_string])
    port = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=65_535))
    system_id = fields.String(required=True, validate=[validate.Length(min=1, max=15), _c_string])
    password = fields.String(load_default="", validate=[validate.Length(max=8), _c_string], load_only=True)


class CarrierChangeById(CarrierChange, ById):
    pass


class Carrier(CarrierSettings):
    """The password is never shown."""

    id = fields.UUID()
    name = fields.String()
    created_at = fields.AwareDateTime()


class CarrierRouteSettings(Schema):
    """Messages whose number starts with `prefix` (empty: all), of one account or lane or of all, go to a carrier.

    The routes with the lowest `priority` number whose carrier is up share the traffic by `share`; the next priority is
    the fail-over. The longest prefix wins over any priority.
    """

    carrier_id = fields.UUID(required=True)
    prefix = fields.String(
        load_default="", validate=validate.Regexp(r"^(\+[0-9]{1,15})?\Z", error="Not a valid prefix.")
    )
    account_id = fields.UUID(load_default=None, allow_none=True)
    lane = Word(Lane, load_default=None, allow_none=True)
    priority = fields.Integer(load_default=100, strict=True, validate=validate.Range(min=0, max=10_000))
    share = fields.Integer(load_default=1, strict=True, validate=validate.Range(min=1, max=1_000))
    enabled = fields.Boolean(load_default=True)


class RouteCreate(CarrierRouteSettings, Reasoned):
    pass


class RouteChange(Reasoned):
    priority = fields.Integer(strict=True, validate=validate.Range(min=0, max=10_000))
    share = fields.Integer(strict=True, validate=validate.Range(min=1, max=1_000))
    enabled = fields.Boolean()


class RouteChangeById(RouteChange, ById):
    pass


class CarrierRoute(CarrierRouteSettings):
    id = fields.UUID()


SenderIdPage = page_of(SenderId)
CarrierPage = page_of(Carrier)
RoutePage = page_of(CarrierRoute)

RPC: dict[str, Call] = {
    "prepare_content": Call(Prepare, Prepared),
    "render_preview": Call(Preview, Previewed),
    "send_test": Call(SendTest, SmsAccepted),
    "count_parts": Call(PartsCount, Counted),
    "send_messages": Call(SmsCreate, SmsAccepted, gathered=True),
    "get_message": Call(ById, Sms),
    "list_sender_ids": Call(SenderIdQuery, SenderIdPage),
    "request_sender_id": Call(SenderIdCreate, SenderId),
    "accept_sender_id": Call(ById, SenderId),
    "list_all_sender_ids": Call(SenderIdQuery, SenderIdPage),
    "decide_sender_id": Call(SenderDecisionById, SenderId),
    "list_carriers": Call(PageQuery, CarrierPage),
    "create_carrier": Call(CarrierCreate, Carrier),
    "update_carrier": Call(CarrierChangeById, Carrier),
    "delete_carrier": Call(ByIdWithReason, Empty),
    "list_routes": Call(PageQuery, RoutePage),
    "create_route": Call(RouteCreate, CarrierRoute),
    "update_route": Call(RouteChangeById, CarrierRoute),
    "delete_route": Call(ByIdWithReason, Empty),
    "export_person": Call(PersonAsked, PersonRecords),
    "erase_person": Call(PersonToErase, PersonForgotten),
}
