"""Sessions, tokens and who they belong to."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.identity.shapes import SHA256_HEX, password_field, text_field
from contracts.schema import Schema, page_of


class SessionCreate(Schema):
    """Log in. `device` is a name to know the session by; `device_token` came from an earlier, trusted log-in."""

    login = text_field(254, required=True, minimum=1)
    password = password_field()
    totp = text_field(20, load_default=None, allow_none=True)
    device = text_field(100, load_default=None, allow_none=True)
    device_token = text_field(200, load_default=None, allow_none=True)
    trust_device = fields.Boolean(load_default=False)


class SessionTokens(Schema):
    """`expires_in` is the access token's life in seconds; `device_token`: a code has just made the device trusted."""

    session_id = fields.UUID()
    access_token = fields.String()
    refresh_token = fields.String()
    token_type = fields.Constant("Bearer")
    expires_in = fields.Integer()
    device_token = fields.String(allow_none=True)


class SessionRefresh(Schema):
    refresh_token = text_field(200, required=True, minimum=1)


class Session(Schema):
    id = fields.UUID()
    device = fields.String(allow_none=True)
    address = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    last_used_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime()
    current = fields.Boolean()


class SessionId(Schema):
    """`current` names the session that asks."""

    session_id = text_field(36, required=True, minimum=1)


class Authenticate(Schema):
    """`token` is the SHA-256, in hex, of the bearer token or API key."""

    token = fields.String(required=True, validate=SHA256_HEX)


class IpRules(Schema):
    """Addresses and networks (IPv4, IPv6, CIDR) that may use the account; an empty list is no limit."""

    panel = fields.List(text_field(50), required=True, validate=validate.Length(max=200))
    api = fields.List(text_field(50), required=True, validate=validate.Length(max=200))


class Principal(Schema):
    """Who a token belongs to, and what it may do."""

    account_id = fields.UUID(allow_none=True)
    user_id = fields.UUID(allow_none=True)
    session_id = fields.UUID(allow_none=True)
    api_key_id = fields.UUID(allow_none=True)
    operator_id = fields.UUID(allow_none=True)
    permissions = fields.List(fields.String())
    kind = fields.String(validate=validate.OneOf(("session", "api_key", "operator")))
    expires_at = fields.AwareDateTime(allow_none=True)
    ip_rules = fields.Nested(IpRules)
    key_ip_list = fields.List(fields.String())


class Authenticated(Schema):
    principal = fields.Nested(Principal)


SessionPage = page_of(Session)
