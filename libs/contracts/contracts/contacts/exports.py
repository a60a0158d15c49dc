"""Exports of contacts and of the archive."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.contacts.shapes import JobError, word_of
from contracts.rpc import Call
from contracts.schema import Schema
from contracts.vocabulary import JobState


class ExportCreate(Schema):
    """What to export (a group, a segment, the archive, or every contact), which fields of it, and in which format."""

    source = fields.String(load_default="contacts", validate=validate.OneOf(["contacts", "archive"]))
    group_id = fields.UUID(load_default=None, allow_none=True)
    segment_id = fields.UUID(load_default=None, allow_none=True)
    format = fields.String(load_default="csv", validate=validate.OneOf(["csv", "xlsx"]))
    fields_ = fields.List(
        fields.String(), data_key="fields", load_default=None, allow_none=True, validate=validate.Length(min=1, max=200)
    )


class Export(Schema):
    id = fields.UUID()
    state = word_of(JobState)
    source = fields.String()
    format = fields.String()
    done = fields.Integer()
    total = fields.Integer(allow_none=True)
    file_id = fields.UUID(allow_none=True)
    expires_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "When the file is deleted; null until there is one, and after"}
    )
    error = fields.Nested(JobError, allow_none=True)
    created_at = fields.AwareDateTime()
    finished_at = fields.AwareDateTime(allow_none=True)


RPC = {
    "create_export": Call(ExportCreate, Export),
    "get_export": Call(None, Export, path={"export_id": UUID}),
}
