"""Plans as operators make them, and what accounts used in periods that are over."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from contracts.identity.accounts import Plan
from contracts.identity.operators import Reason
from contracts.identity.quotas import Usage
from contracts.identity.shapes import FEATURES, text_field
from contracts.schema import PageQuery, Schema, page_of

ADD_ONS = ("attachments", "rcs", "dedicated_ip", "priority_lane")
MOST_UNITS = 10**12
MOST_MONEY = 10**12
PLAN_CODE = validate.Regexp(
    r"^[a-z][a-z0-9-]{1,38}[a-z0-9](?!\n)$", error="Not a valid code: 3 to 40 lower-case letters, digits and dashes."
)
# Those of Europe and the dollar, all of which have a hundred minor units.
CURRENCY = validate.OneOf(("PLN", "EUR", "USD", "GBP", "CHF", "CZK", "DKK", "NOK", "SEK"))


def _limit(**rules: Any) -> fields.Integer:
    return fields.Integer(strict=True, allow_none=True, validate=validate.Range(min=0, max=MOST_UNITS), **rules)


def _count(least: int, most: int, **rules: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(min=least, max=most), **rules)


class PlanPrice(Schema):
    """Before VAT, in minor units; what one period of the plan costs."""

    amount = _count(0, MOST_MONEY, required=True)
    currency = fields.String(required=True, validate=CURRENCY)


class PlanCreate(Reason):
    """A limit of null is no limit."""

    code = fields.String(required=True, validate=PLAN_CODE)
    name = text_field(80, required=True, minimum=1)
    sms = _limit(required=True)
    email = _limit(required=True)
    contacts = _limit(required=True)
    retention_days = _count(1, 3650, required=True)
    features = fields.List(
        fields.String(validate=validate.OneOf(ADD_ONS)), load_default=list, validate=validate.Length(max=len(ADD_ONS))
    )
    price = fields.Nested(PlanPrice, required=True)
    period_days = _count(1, 366, load_default=30)
    ends_after_days = _count(1, 3650, load_default=None, allow_none=True)
    position = _count(0, 10_000, load_default=100)
    listed = fields.Boolean(load_default=True, truthy={True}, falsy={False})


class PlanUpdate(Reason):
    """What is left out stays as it is."""

    name = text_field(80, minimum=1)
    sms = _limit()
    email = _limit()
    contacts = _limit()
    retention_days = _count(1, 3650)
    features = fields.List(fields.String(validate=validate.OneOf(ADD_ONS)), validate=validate.Length(max=len(ADD_ONS)))
    price = fields.Nested(PlanPrice)
    period_days = _count(1, 366)
    ends_after_days = _count(1, 3650, allow_none=True)
    position = _count(0, 10_000)
    listed = fields.Boolean(truthy={True}, falsy={False})


class PlanUpdateByCode(PlanUpdate):
    code = text_field(40, required=True, minimum=1)


class OperatedPlan(Plan):
    """A plan as operators see it: whether `GET /v1/plans` lists it, and how many accounts are on it."""

    position = fields.Integer()
    listed = fields.Boolean()
    accounts = fields.Integer()


class OperatedPlanList(Schema):
    items = fields.List(fields.Nested(OperatedPlan))


class ContactsUsage(Schema):
    """`used` is null while contacts cannot be counted."""

    limit = fields.Integer(allow_none=True)
    used = fields.Integer(allow_none=True)


class AccountUsage(Usage):
    """What identity and contacts know together."""

    contacts = fields.Nested(ContactsUsage)


class PastUsageQuery(PageQuery):
    feature = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(FEATURES))


class PastUsage(Schema):
    """One feature in one period that is over; `reserved` is of messages still on their way."""

    id = fields.UUID()
    feature = fields.String()
    plan = fields.String(allow_none=True)
    limit = fields.Integer(allow_none=True)
    used = fields.Integer()
    reserved = fields.Integer()
    period_starts_at = fields.AwareDateTime()
    period_ends_at = fields.AwareDateTime()


PastUsagePage = page_of(PastUsage)
