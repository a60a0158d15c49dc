"""Custom fields."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.contacts.shapes import KEY, name_field
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, page_of


class FieldCreate(Schema):
    key = fields.String(required=True, validate=KEY)
    label = name_field()
    type = fields.String(required=True, validate=validate.OneOf(["text", "number", "boolean", "date"]))


class FieldUpdate(Schema):
    key = fields.String(validate=KEY)
    label = name_field()


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
    known = fields.List(fields.String(), metadata={"description": "all that there are"})


FieldPage = page_of(ContactField)


RPC = {
    "list_fields": Call(PageQuery, FieldPage),
    "create_field": Call(FieldCreate, ContactField),
    "get_field": Call(None, ContactField, path={"field_id": UUID}),
    "update_field": Call(FieldUpdate, ContactField, path={"field_id": UUID}, edits=ContactField),
    "delete_field": Call(path={"field_id": UUID}, edits=ContactField),
    "check_fields": Call(FieldNames, UnknownFields),
}
