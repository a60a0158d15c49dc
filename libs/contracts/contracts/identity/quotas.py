"""Quotas: what a plan allows and what is used."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.identity.accounts import Plan
from contracts.identity.shapes import FEATURES
from contracts.schema import Schema


class QuotaReserve(Schema):
    """Idempotent by `reservation_id`: the same id with another amount adjusts the reservation to it."""

    reservation_id = fields.UUID(required=True)
    feature = fields.String(required=True, validate=validate.OneOf(FEATURES))
    amount = fields.Integer(required=True, validate=validate.Range(min=0, max=10**12))


class QuotaReserved(Schema):
    reserved = fields.Integer()
    remaining = fields.Integer(allow_none=True)


class QuotaLease(Schema):
    """A channel's block of units: from `at_least` to `wanted` units in all, under `reservation_id`.

    More than `at_least` is granted only out of what others can spare. A lease never shrinks, so that calls may cross.
    """

    reservation_id = fields.UUID(required=True)
    feature = fields.String(required=True, validate=validate.OneOf(FEATURES))
    at_least = fields.Integer(required=True, validate=validate.Range(min=0, max=10**12))
    wanted = fields.Integer(required=True, validate=validate.Range(min=0, max=10**12))


class QuotaLeased(Schema):
    """`granted` units in all; `has_ended`: the lease's period is over, so nothing was added and another is due."""

    granted = fields.Integer()
    has_ended = fields.Boolean()


class QuotaUse(Schema):
    """`amount` is the absolute total that the reservation has used; it never decreases."""

    reservation_id = fields.UUID(required=True)
    amount = fields.Integer(required=True, validate=validate.Range(min=0, max=10**12))


class QuotaUsed(Schema):
    used = fields.Integer()
    reserved = fields.Integer()


class QuotaRelease(Schema):
    reservation_id = fields.UUID(required=True)


class QuotaReleased(Schema):
    released = fields.Integer()


class LimitQuery(Schema):
    """`contacts`, or an add-on of plans: `attachments`, `rcs`, `dedicated_ip`, `priority_lane`."""

    feature = fields.String(required=True)


class Limit(Schema):
    limit = fields.Integer(allow_none=True)


class FeatureUsage(Schema):
    feature = fields.String()
    limit = fields.Integer(allow_none=True)
    used = fields.Integer()
    reserved = fields.Integer()
    remaining = fields.Integer(allow_none=True)
    period_starts_at = fields.AwareDateTime()
    period_ends_at = fields.AwareDateTime()


class Usage(Schema):
    plan = fields.Nested(Plan)
    plan_ends_at = fields.AwareDateTime(allow_none=True)
    features = fields.List(fields.Nested(FeatureUsage))


class PlanList(Schema):
    items = fields.List(fields.Nested(Plan))
