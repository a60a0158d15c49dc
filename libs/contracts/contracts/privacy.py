"""What contacts asks of every service about one person: all that it holds, and that it forgets it.

Each service that writes addresses down answers `export_person` and `erase_person` with these shapes. A person is a set
of addresses: every one that the contact has or had, and the contact's id, by which push and messages over several
channels know them.
"""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.schema import Schema

ADDRESSES = validate.Length(min=1, max=100)


class PersonAsked(Schema):
    """One page of what is held of a person; `cursor` is the answer's before."""

    addresses = fields.List(fields.String(), required=True, validate=ADDRESSES)
    cursor = fields.String(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=200, validate=validate.Range(min=1, max=1_000))


class PersonRecord(Schema):
    """`kind` says what it is: `message`, …; `record` is it, in the words of that service's public API."""

    kind = fields.String()
    record = fields.Dict()


class PersonRecords(Schema):
    items = fields.List(fields.Nested(PersonRecord))
    next_cursor = fields.String(allow_none=True)


class PersonToErase(Schema):
    """With `dry_run` nothing is changed, and the counts say what would be."""

    addresses = fields.List(fields.String(), required=True, validate=ADDRESSES)
    erased_at = fields.AwareDateTime(required=True)
    dry_run = fields.Boolean(load_default=False)


class PersonForgotten(Schema):
    """`counts` by kind. While `waiting` is above 0, that much is still on its way through the service: ask again."""

    counts = fields.Dict(keys=fields.String(), values=fields.Integer())
    waiting = fields.Integer()
