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
    """`created_by` is the user, `created_by_key` the key that asked, where one did: it is revoked with that one.

    It works while its user is active, within that user's rights. When the user is removed it is revoked, or goes to the
    account's owner (`DELETE /v1/users/{user_id}?api_keys=transfer`).
    """

    id = fields.UUID()
    name = fields.String()
    prefix = fields.String()
    scopes = fields.List(fields.String())
    ip_list = fields.List(fields.String())
    expires_at = fields.AwareDateTime(allow_none=True)
    last_used_at = fields.AwareDateTime(allow_none=True, metadata={"volatile": True})
    created_at = fields.AwareDateTime()
    created_by = fields.UUID()
    created_by_key = fields.UUID(allow_none=True)


class NewApiKey(ApiKey):
    """`key` is shown this once; only its hash is kept."""

    key = fields.String()


class ApiKeyUpdate(Schema):
    name = line_field(100, required=True, minimum=1)


class ApiKeyRotation(Schema):
    overlap_minutes = fields.Integer(
        load_default=60,
        strict=True,
        validate=validate.Range(min=0, max=7 * 24 * 60),
        metadata={"description": "How long the old key works on; 0: it ends at once"},
    )


class ApiKeyUse(Schema):
    """The last use from an address, to some seconds."""

    address = fields.String()
    last_at = fields.AwareDateTime()


class ApiKeyUses(Schema):
    """The last 50 addresses, the latest first."""

    items = fields.List(fields.Nested(ApiKeyUse))


ApiKeyPage = page_of(ApiKey)

RPC: dict[str, Call] = {
    "list_api_keys": Call(PageQuery, ApiKeyPage),
    "create_api_key": Call(ApiKeyCreate, NewApiKey),
    "get_api_key": Call(response=ApiKey, path={"api_key_id": UUID}),
    "update_api_key": Call(ApiKeyUpdate, ApiKey, path={"api_key_id": UUID}, edits=ApiKey),
    "rotate_api_key": Call(ApiKeyRotation, NewApiKey, path={"api_key_id": UUID}),
    "list_api_key_uses": Call(response=ApiKeyUses, path={"api_key_id": UUID}),
    "revoke_api_key": Call(path={"api_key_id": UUID}, edits=ApiKey),
}
