"""Privacy: what is known of a person, and its erasure."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.contacts.archive import Archived
from contracts.contacts.groups import Group
from contracts.contacts.people import Contact
from contracts.schema import Schema


class PersonQuery(Schema):
    """A person, by contact or by an address."""

    contact_id = fields.UUID(load_default=None, allow_none=True)
    email = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=254))
    phone = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))


class PersonExport(Schema):
    contact = fields.Nested(Contact, allow_none=True)
    archive = fields.List(fields.Nested(Archived))
    groups = fields.List(fields.Nested(Group))
    erased = fields.Boolean()


class PersonErased(Schema):
    contacts = fields.Integer()
    addresses = fields.Integer()
