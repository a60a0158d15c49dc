"""Custom fields."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.contacts.shapes import KEY, NAME
from contracts.schema import Schema, page_of


class FieldCreate(Schema):
    key = fields.String(required=True, validate=KEY)
    label = fields.String(validate=NAME)
    type = fields.String(required=True, validate=validate.OneOf(["text", "number", "boolean", "date"]))


class FieldUpdate(Schema):
    field_id = fields.UUID(required=True, load_only=True)
    key = fields.String(validate=KEY)
    label = fields.String(validate=NAME)


class FieldId(Schema):
    field_id = fields.UUID(required=True)


class ContactField(Schema):
    id = fields.UUID()
    key = fields.String()
    label = fields.String()
    type = fields.String()
    created_at = fields.AwareDateTime()


class FieldNames(Schema):
    names = fields.List(fields.String(), required=True, validate=validate.Length(max=500))


class UnknownFields(Schema):
    unknown = fields.List(fields.String())  # type: ignore[assignment]  # a field, not the schema's option


FieldPage = page_of(ContactField)
