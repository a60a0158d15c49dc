"""How an account's base of contacts grew, day by day."""

from __future__ import annotations

from marshmallow import fields

from contracts.rpc import Call
from contracts.schema import Schema


class GrowthQuery(Schema):
    """Days, both included, by the clocks of a time zone."""

    first = fields.Date(required=True)
    last = fields.Date(required=True)
    time_zone = fields.String(required=True)


class GrowthDay(Schema):
    """What one day brought; days without either are left out."""

    day = fields.Date()
    added = fields.Integer(metadata={"description": "Contacts that came"})
    gone = fields.Integer(metadata={"description": "Contacts that were deleted or erased"})
    archived = fields.Integer(metadata={"description": "Addresses that were archived, for whatever reason"})


class Growth(Schema):
    days = fields.List(fields.Nested(GrowthDay))


RPC: dict[str, Call] = {"count_growth": Call(GrowthQuery, Growth)}
