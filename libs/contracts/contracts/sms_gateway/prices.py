"""What an SMS costs: the account by its plan, the platform by its carrier; for operators."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import ValidationError, fields, validate, validates_schema

from contracts.identity.plans import PLAN_CODE
from contracts.money import Money
from contracts.rpc import Call
from contracts.schema import PageQuery, Reasoned, Schema, page_of, rule

MOST_AMOUNT = 10_000_000
MOST_DAYS = 400
PER_PARTS = (1, 100, 1_000)
_NETWORK = validate.Regexp(
    r"^[a-z]{2}(\.[a-z0-9][a-z0-9-]{0,60})?(?!\n)$", error="Not a valid network or country: pl.play, pl, …"
)
_PLACE = {"description": "A network (`pl.play`) or a country (`pl`); null: everywhere else"}
_PLAN = {"description": "What accounts on this plan pay; null with no `carrier_id`: those on every other plan"}
_CARRIER = {"description": "What the platform pays this carrier; no `plan` then"}
_AMOUNT = {
    "description": "Minor units of the platform's currency for `per_parts` parts; null: from then on the wider price"
    " holds (of the country, of everywhere, of every plan)"
}
_FROM = {"description": "It holds for messages that leave from this moment on"}


class _SmsPriceFields(Schema):
    plan = fields.String(load_default=None, allow_none=True, validate=PLAN_CODE, metadata=_PLAN)
    carrier_id = fields.UUID(load_default=None, allow_none=True, metadata=_CARRIER)
    network = fields.String(load_default=None, allow_none=True, validate=_NETWORK, metadata=_PLACE)
    amount = fields.Integer(
        required=True, allow_none=True, strict=True, validate=validate.Range(min=0, max=MOST_AMOUNT), metadata=_AMOUNT
    )
    per_parts = fields.Integer(
        load_default=1,
        strict=True,
        validate=validate.OneOf(PER_PARTS),
        metadata={"description": "What a carrier takes may be a fraction of a minor unit; accounts pay by the part: 1"},
    )


class SmsPriceCreate(_SmsPriceFields, Reasoned):
    """`from` is never in the past: what has left has its price. Without it, the price holds ten seconds from now."""

    from_ = fields.AwareDateTime(data_key="from", attribute="from_", load_default=None, allow_none=True, metadata=_FROM)

    @validates_schema
    def fits_its_kind(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("carrier_id") is None:
            if data.get("per_parts", 1) != 1:
                raise ValidationError(rule("sms_price.by_the_part", "Accounts pay by the part."), "per_parts")
        elif data.get("plan") is not None:
            raise ValidationError(rule("sms_price.plan_or_carrier", "Name a plan or a carrier, not both."), "plan")


class SmsPrice(_SmsPriceFields):
    id = fields.UUID()
    currency = fields.String()
    from_ = fields.AwareDateTime(data_key="from", attribute="from_", metadata=_FROM)
    created_at = fields.AwareDateTime()


class SmsPriceQuery(PageQuery):
    plan = fields.String(load_default=None, allow_none=True, validate=PLAN_CODE)
    carrier_id = fields.UUID(load_default=None, allow_none=True)
    network = fields.String(load_default=None, allow_none=True, validate=_NETWORK)


SmsPricePage = page_of(SmsPrice)


class SmsTrafficQuery(Schema):
    """Days of UTC, both included."""

    from_ = fields.Date(data_key="from", attribute="from_", required=True)
    to = fields.Date(required=True)

    @validates_schema
    def is_a_period(self, data: dict[str, Any], **_: Any) -> None:
        if "from_" in data and "to" in data and not 0 <= (data["to"] - data["from_"]).days < MOST_DAYS:
            detail = f"A period has 1 to {MOST_DAYS} days."
            raise ValidationError(rule("sms_traffic.period", detail, most=MOST_DAYS), "to")


class SmsTraffic(Schema):
    """What one carrier took for one network; a price of null is none that was known for all of it."""

    carrier_id = fields.UUID()
    carrier = fields.String(allow_none=True, metadata={"description": "Its name; null: it was deleted"})
    network = fields.String(allow_none=True)
    messages = fields.Integer()
    parts = fields.Integer()
    unpriced_parts = fields.Integer(metadata={"description": "of them, for which the account had no price"})
    uncosted_parts = fields.Integer(metadata={"description": "of them, for which the carrier had no price"})
    charged = fields.Nested(Money, metadata={"description": "What accounts pay"})
    paid = fields.Nested(Money, metadata={"description": "What the platform pays, to the nearest minor unit"})


class SmsTrafficReport(Schema):
    items = fields.List(fields.Nested(SmsTraffic))


RPC: dict[str, Call] = {
    "list_sms_prices": Call(SmsPriceQuery, SmsPricePage),
    "create_sms_price": Call(SmsPriceCreate, SmsPrice),
    "delete_sms_price": Call(Reasoned, None, path={"price_id": UUID}),
    "report_sms_traffic": Call(SmsTrafficQuery, SmsTrafficReport),
}
