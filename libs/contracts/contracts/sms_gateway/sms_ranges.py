"""Ranges of numbers that an account, or several, sent suspiciously many single messages to, for operators."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.rpc import Call
from contracts.schema import PageQuery, Reasoned, Schema, page_of

_STATES = ("held", "released", "dropped")
_MOST = {
    "description": "Numbers of one range (all but the last four digits) that single messages may go to within ten"
    " minutes; null: the platform's own limit, 0: as many as there are"
}


class SmsRangeQuery(PageQuery):
    state = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(_STATES))


class SmsRange(Schema):
    """A range of one account, or of all: while it is held its messages wait; what was decided holds for a day."""

    id = fields.UUID()
    account_id = fields.UUID(
        allow_none=True,
        metadata={"description": "null: what several accounts sent there was too much together, and it holds for all"},
    )
    range = fields.String(metadata={"description": "The beginning of its numbers: all but the last four digits"})
    state = fields.String(validate=validate.OneOf(_STATES))
    numbers = fields.Integer(metadata={"description": "Numbers within ten minutes, when it was held"})
    waiting = fields.Integer(metadata={"description": "Messages that wait for a decision"})
    held_at = fields.AwareDateTime()
    decided_at = fields.AwareDateTime(allow_none=True)


SmsRangePage = page_of(SmsRange)


class SmsRangeLimitChange(Reasoned):
    most = fields.Integer(required=True, allow_none=True, validate=validate.Range(min=0, max=1_000_000), metadata=_MOST)


class SmsRangeLimit(Schema):
    account_id = fields.UUID()
    most = fields.Integer(allow_none=True, metadata=_MOST)


RPC: dict[str, Call] = {
    "list_sms_ranges": Call(SmsRangeQuery, SmsRangePage),
    "release_sms_range": Call(Reasoned, SmsRange, path={"range_id": UUID}),
    "drop_sms_range": Call(Reasoned, SmsRange, path={"range_id": UUID}),
    "get_sms_range_limit": Call(None, SmsRangeLimit, path={"account_id": UUID}),
    "set_sms_range_limit": Call(SmsRangeLimitChange, SmsRangeLimit, path={"account_id": UUID}),
}
