"""Sessions, their tokens, and who a token belongs to."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate, validates_schema

from contracts.identity.ip_rules import IpRules
from contracts.identity.me import Me
from contracts.identity.shapes import SHA256_HEX, TOTP_CODE, password_field, text_field
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, broken_rule, line_field, page_of


class SessionCreate(Schema):
    """Log in. `device` is a name to know the session by; `device_token` came from an earlier, trusted log-in."""

    login = text_field(254, required=True, minimum=1)
    password = password_field()
    totp = text_field(20, load_default=None, allow_none=True)
    device = line_field(100, load_default=None, allow_none=True)
    device_token = text_field(200, load_default=None, allow_none=True)
    trust_device = fields.Boolean(load_default=False)


class OperatorSessionCreate(Schema):
    """An operator's log-in always needs a code; the one-time password is replaced at the first log-in."""

    login = text_field(254, required=True, minimum=1)
    password = password_field()
    totp = fields.String(required=True, validate=TOTP_CODE)
    new_password = password_field(required=False, load_default=None)


class SessionTokens(Schema):
    """`expires_in` is the access token's life in seconds; `device_token`: a code has just made the device trusted.

    Both other tokens are null where the browser keeps them in cookies.
    """

    session_id = fields.UUID()
    access_token = fields.String()
    refresh_token = fields.String(allow_none=True)
    token_type = fields.Constant("Bearer")
    expires_in = fields.Integer()
    device_token = fields.String(allow_none=True)


class OpenedSession(SessionTokens):
    """`me` is what `GET /v1/me` answers in the new session."""

    me = fields.Nested(Me)


class SessionRefresh(Schema):
    refresh_token = text_field(200, required=True, minimum=1)


class SessionProof(Schema):
    """The password of the user, or a code of the second factor: one of them."""

    password = password_field(required=False, load_default=None)
    code = text_field(40, load_default=None, allow_none=True)

    @validates_schema
    def _ensure_one(self, given: dict[str, Any], **_options: Any) -> None:
        if (given.get("password") is None) == (given.get("code") is None):
            raise broken_rule("proof.one_of", "Send the password or a code, one of them.")


class Session(Schema):
    """It ends at `expires_at` unless it is used, and at `ends_at` however much it is used."""

    id = fields.UUID()
    device = fields.String(allow_none=True)
    address = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    last_used_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime()
    ends_at = fields.AwareDateTime()
    current = fields.Boolean()


class Authenticate(Schema):
    """`token` is the SHA-256, in hex, of the bearer token or API key."""

    token = fields.String(required=True, validate=SHA256_HEX)


class Principal(Schema):
    """Who a token belongs to, and what it may do: nothing but set up a second factor while that is due."""

    account_id = fields.UUID(allow_none=True)
    user_id = fields.UUID(allow_none=True)
    session_id = fields.UUID(allow_none=True)
    api_key_id = fields.UUID(allow_none=True)
    operator_id = fields.UUID(allow_none=True)
    permissions = fields.List(fields.String())
    second_factor_due = fields.Boolean()
    kind = fields.String(validate=validate.OneOf(("session", "api_key", "operator")))
    expires_at = fields.AwareDateTime(allow_none=True)
    ip_rules = fields.Nested(IpRules)
    key_ip_list = fields.List(fields.String())


class Authenticated(Schema):
    principal = fields.Nested(Principal)


SessionPage = page_of(Session)

RPC: dict[str, Call] = {
    "create_session": Call(SessionCreate, OpenedSession),
    "create_operator_session": Call(OperatorSessionCreate, SessionTokens),
    "prove_session": Call(SessionProof),
    "refresh_session": Call(SessionRefresh, SessionTokens),
    "list_sessions": Call(PageQuery, SessionPage),
    "end_session": Call(path={"session_id": str}),  # `current` is the session that asks
    "authenticate": Call(Authenticate, Authenticated),
}
