"""API keys."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.identity.shapes import text_field
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, line_field, page_of


class ApiKeyCreate(Schema):
    name = line_field(100, required=True, minimum=1)
    scopes = fields.List(text_field(60), required=True, validate=validate.Length(min=1, max=100))
    expires_at = fields.AwareDateTime(load_default=None, allow_none=True)
    ip_list = fields.List(text_field(50), load_default=list, validate=validate.Length(max=200))


class ApiKey(Schema):
    """`created_by` is the user, `created_by_key` the key that asked, where one did: it is revoked with that one."""

    id = fields.UUID()
    name = fields.String()
    prefix = fields.String()
    scopes = fields.List(fields.String())
    ip_list = fields.List(fields.String())
    expires_at = fields.AwareDateTime(allow_none=True)
    last_used_at = fields.AwareDateTime(allow_none=True)
    created_at = fields.AwareDateTime()
    created_by = fields.UUID()
    created_by_key = fields.UUID(allow_none=True)


class NewApiKey(ApiKey):
    """`key` is shown this once; only its hash is kept."""

    key = fields.String()


ApiKeyPage = page_of(ApiKey)

RPC: dict[str, Call] = {
    "list_api_keys": Call(PageQuery, ApiKeyPage),
    "create_api_key": Call(ApiKeyCreate, NewApiKey),
    "revoke_api_key": Call(path={"api_key_id": UUID}),
}
