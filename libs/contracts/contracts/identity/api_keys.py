"""API keys."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.identity.shapes import text_field
from contracts.schema import Schema, page_of


class ApiKeyCreate(Schema):
    name = text_field(100, required=True, minimum=1)
    scopes = fields.List(text_field(60), required=True, validate=validate.Length(min=1, max=100))
    expires_at = fields.AwareDateTime(load_default=None, allow_none=True)
    ip_list = fields.List(text_field(50), load_default=list, validate=validate.Length(max=200))


class ApiKey(Schema):
    id = fields.UUID()
    name = fields.String()
    prefix = fields.String()
    scopes = fields.List(fields.String())
    ip_list = fields.List(fields.String())
    expires_at = fields.AwareDateTime(allow_none=True)
    last_used_at = fields.AwareDateTime(allow_none=True)
    created_at = fields.AwareDateTime()
    created_by = fields.UUID()


class NewApiKey(ApiKey):
    """`key` is shown this once; only its hash is kept."""

    key = fields.String()


class ApiKeyId(Schema):
    api_key_id = fields.UUID(required=True)


ApiKeyPage = page_of(ApiKey)
