"""Privacy: all that is known of a person as one file, and the person's erasure; both ask every service."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.contacts.shapes import JobError, word_of
from contracts.rpc import Call
from contracts.schema import Schema
from contracts.vocabulary import JobState


class PersonQuery(Schema):
    """A person, by contact or by an address. An address needs no contact: single messages may have gone to it."""

    contact_id = fields.UUID(load_default=None, allow_none=True)
    email = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=254))
    phone = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))
    external_id = fields.String(load_default=None, allow_none=True, validate=validate.Length(min=1, max=200))


class ErasureCreate(PersonQuery):
    """With `dry_run` nothing is erased; the answer counts what would be."""

    dry_run = fields.Boolean(load_default=False)


class PersonService(Schema):
    """How far one service is. `waiting`: it has not answered yet, or has something of the person in hand."""

    service = fields.String()
    state = fields.String(validate=validate.OneOf(["waiting", "done", "holds_nothing"]))
    counts = fields.Dict(keys=fields.String(), values=fields.Integer())
    detail = fields.String(allow_none=True)


class PersonJob(Schema):
    id = fields.UUID()
    state = word_of(JobState)
    done = fields.Integer(metadata={"description": "Services that have answered"})
    total = fields.Integer(metadata={"description": "Services that are asked"})
    services = fields.List(fields.Nested(PersonService))
    error = fields.Nested(JobError, allow_none=True)
    created_at = fields.AwareDateTime()
    finished_at = fields.AwareDateTime(allow_none=True)


class PersonExport(PersonJob):
    file_id = fields.UUID(allow_none=True)
    expires_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "When the file is deleted; null until there is one, and after"}
    )


class Erasure(PersonJob):
    dry_run = fields.Boolean()


RPC = {
    "create_person_export": Call(PersonQuery, PersonExport),
    "get_person_export": Call(None, PersonExport, path={"person_export_id": UUID}),
    "create_erasure": Call(ErasureCreate, Erasure),
    "get_erasure": Call(None, Erasure, path={"erasure_id": UUID}),
}
