"""Quotas: what a plan allows, what is set aside of it, and what is used."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from contracts.identity.plans import Plan
from contracts.identity.shapes import FEATURES, units_field
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, page_of


def only_to_field() -> fields.List[Any]:
    """Addresses of the feature's channel, in lower case, that the account is bound to while it is on trial."""
    return fields.List(fields.String(), allow_none=True)


class QuotaReserve(Schema):
    """Idempotent by `reservation_id`: the same id with another amount adjusts the reservation to it."""

    reservation_id = fields.UUID(required=True)
    feature = fields.String(required=True, validate=validate.OneOf(FEATURES))
    amount = units_field(required=True)


class QuotaReserved(Schema):
    reserved = fields.Integer()
    remaining = fields.Integer(allow_none=True)
    only_to = only_to_field()


class QuotaLease(Schema):
    """A channel's block of units: from `at_least` to `wanted` units in all, under `reservation_id`.

    More than `at_least` is granted only out of what others can spare. A lease never shrinks, so that calls may cross.
    """

    reservation_id = fields.UUID(required=True)
    feature = fields.String(required=True, validate=validate.OneOf(FEATURES))
    at_least = units_field(required=True)
    wanted = units_field(required=True)


class QuotaLeased(Schema):
    """`granted` units in all; `has_ended`: the lease's period is over, so nothing was added and another is due.

    `only_to` is in force for as long as the lease: an event ends it when that changes.
    """

    granted = fields.Integer()
    has_ended = fields.Boolean()
    only_to = only_to_field()


class QuotaUse(Schema):
    """`amount` is the absolute total that the reservation has used; it never decreases.

    What is over the reservation is taken of what the account has left: `used` in the answer says how far that reached.
    """

    reservation_id = fields.UUID(required=True)
    amount = units_field(required=True)


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


class StandingQuery(Schema):
    feature = fields.String(required=True, validate=validate.OneOf(FEATURES))


class Standing(Schema):
    """Where the account may send to by a channel, for what costs no quota."""

    only_to = only_to_field()


UNITS = "in units: parts for `sms`, messages for the other channels"


class FeatureUsage(Schema):
    feature = fields.String()
    limit = fields.Integer(allow_none=True)
    used = fields.Integer(metadata={"description": UNITS})
    reserved = fields.Integer()
    remaining = fields.Integer(allow_none=True)
    period_starts_at = fields.AwareDateTime()
    period_ends_at = fields.AwareDateTime()


class Usage(Schema):
    plan = fields.Nested(Plan)
    plan_ends_at = fields.AwareDateTime(allow_none=True)
    features = fields.List(fields.Nested(FeatureUsage))


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
    used = fields.Integer(metadata={"description": UNITS})
    reserved = fields.Integer()
    period_starts_at = fields.AwareDateTime()
    period_ends_at = fields.AwareDateTime()


PastUsagePage = page_of(PastUsage)

RPC: dict[str, Call] = {
    "reserve_quota": Call(QuotaReserve, QuotaReserved),
    "lease_quota": Call(QuotaLease, QuotaLeased),
    "use_quota": Call(QuotaUse, QuotaUsed),
    "release_quota": Call(QuotaRelease, QuotaReleased),
    "check_limit": Call(LimitQuery, Limit),
    "get_standing": Call(StandingQuery, Standing),
    "get_usage": Call(response=Usage),
    "list_past_usage": Call(PastUsageQuery, PastUsagePage),
}
