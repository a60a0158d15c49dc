"""Plans: as anybody may list them, and as operators make and change them."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from contracts.identity.shapes import CURRENCY, MOST_MONEY, MOST_UNITS, Reason, count_field
from contracts.money import Money
from contracts.rpc import Call
from contracts.schema import Schema, line_field

ADD_ONS = ("attachments", "rcs", "dedicated_ip", "priority_lane")
PLAN_CODE = validate.Regexp(
    r"^[a-z][a-z0-9-]{1,38}[a-z0-9](?!\n)$", error="Not a valid code: 3 to 40 lower-case letters, digits and dashes."
)


def _limit(**rules: Any) -> fields.Integer:
    return count_field(0, MOST_UNITS, allow_none=True, **rules)


class Plan(Schema):
    """A plan; a limit of null is no limit. Quotas are for one period of `period_days`."""

    code = fields.String()
    name = fields.String()
    sms = fields.Integer(allow_none=True, metadata={"description": "in parts, as carriers bill them"})
    email = fields.Integer(allow_none=True)
    push = fields.Integer(allow_none=True)
    whatsapp = fields.Integer(allow_none=True)
    viber = fields.Integer(allow_none=True)
    rcs = fields.Integer(allow_none=True)
    contacts = fields.Integer(allow_none=True)
    retention_days = fields.Integer()
    features = fields.List(fields.String())
    price = fields.Nested(Money)
    period_days = fields.Integer()
    ends_after_days = fields.Integer(allow_none=True)


class PlanList(Schema):
    items = fields.List(fields.Nested(Plan))


class PlanPrice(Schema):
    """Before VAT, in minor units; what one period of the plan costs."""

    amount = count_field(0, MOST_MONEY, required=True)
    currency = fields.String(required=True, validate=CURRENCY)


class PlanCreate(Reason):
    """A limit of null is no limit; that of `sms` is in parts, as carriers bill them."""

    code = fields.String(required=True, validate=PLAN_CODE)
    name = line_field(80, required=True, minimum=1)
    sms = _limit(required=True)
    email = _limit(required=True)
    push = _limit(load_default=None)
    whatsapp = _limit(load_default=None)
    viber = _limit(load_default=None)
    rcs = _limit(load_default=None)
    contacts = _limit(required=True)
    retention_days = count_field(1, 3650, required=True)
    features = fields.List(
        fields.String(validate=validate.OneOf(ADD_ONS)), load_default=list, validate=validate.Length(max=len(ADD_ONS))
    )
    price = fields.Nested(PlanPrice, required=True)
    period_days = count_field(1, 366, load_default=30)
    ends_after_days = count_field(1, 3650, load_default=None, allow_none=True)
    position = count_field(0, 10_000, load_default=100)
    listed = fields.Boolean(load_default=True, truthy={True}, falsy={False})


class PlanUpdate(Reason):
    """What is left out stays as it is."""

    name = line_field(80, minimum=1)
    sms = _limit()
    email = _limit()
    push = _limit()
    whatsapp = _limit()
    viber = _limit()
    rcs = _limit()
    contacts = _limit()
    retention_days = count_field(1, 3650)
    features = fields.List(fields.String(validate=validate.OneOf(ADD_ONS)), validate=validate.Length(max=len(ADD_ONS)))
    price = fields.Nested(PlanPrice)
    period_days = count_field(1, 366)
    ends_after_days = count_field(1, 3650, allow_none=True)
    position = count_field(0, 10_000)
    listed = fields.Boolean(truthy={True}, falsy={False})


class OperatedPlan(Plan):
    """A plan as operators see it: whether `GET /v1/plans` lists it, and how many accounts are on it."""

    position = fields.Integer()
    listed = fields.Boolean()
    accounts = fields.Integer()


class OperatedPlanList(Schema):
    items = fields.List(fields.Nested(OperatedPlan))


RPC: dict[str, Call] = {
    "list_plans": Call(response=PlanList),
    "list_all_plans": Call(response=OperatedPlanList),
    "create_plan": Call(PlanCreate, OperatedPlan),
    "update_plan": Call(PlanUpdate, OperatedPlan, path={"code": str}),
}
