"""Exports, and the files that jobs leave behind."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.contacts.shapes import JobError, word_of
from contracts.schema import Schema
from contracts.vocabulary import JobState


class FileRead(Schema):
    file_id = fields.UUID(required=True)
    seq = fields.Integer(required=True, validate=validate.Range(min=0))


class FileChunk(Schema):
    chunk = fields.String(allow_none=True)
    filename = fields.String()
    media_type = fields.String()
    size = fields.Integer()


class ExportCreate(Schema):
    """What to export (a group, a segment, the archive, or every contact), which fields of it, and in which format."""

    source = fields.String(load_default="contacts", validate=validate.OneOf(["contacts", "archive"]))
    group_id = fields.UUID(load_default=None, allow_none=True)
    segment_id = fields.UUID(load_default=None, allow_none=True)
    format = fields.String(load_default="csv", validate=validate.OneOf(["csv", "xlsx"]))
    fields_ = fields.List(
        fields.String(), data_key="fields", load_default=None, allow_none=True, validate=validate.Length(min=1, max=200)
    )


class ExportId(Schema):
    export_id = fields.UUID(required=True)


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
