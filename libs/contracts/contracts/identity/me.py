"""The user who asks: name, language, password, e-mail address; and the links by mail that confirm the last two."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.identity.accounts import ACCOUNT_STATES
from contracts.identity.plans import Plan
from contracts.identity.quotas import FeatureUsage
from contracts.identity.shapes import LANGUAGES, NAME_RULE, email_field, password_field
from contracts.rpc import Call
from contracts.schema import Schema, line_field

_VOLATILE = {"volatile": True}  # for `If-Match`: it is not by what the user edits here


class Me(Schema):
    """What a panel shows at once. `permissions` are the user's; `allowed` is what whoever asks may do now.

    `allowed` names each permission of the tree: within the scopes of a key, and none while `second_factor_due`, which
    says that the account makes a second factor a duty (`second_factor_required`) and the user has none.
    """

    id = fields.UUID()
    account_id = fields.UUID()
    account_name = fields.String()
    login = fields.String()
    email = fields.String(metadata=_VOLATILE)
    email_confirmed = fields.Boolean(metadata=_VOLATILE)
    name = fields.String()
    language = fields.String()
    is_owner = fields.Boolean()
    permissions = fields.List(fields.String(), metadata=_VOLATILE)
    allowed = fields.List(fields.String(), metadata=_VOLATILE)
    second_factor = fields.Boolean(metadata=_VOLATILE)
    second_factor_required = fields.Boolean(metadata=_VOLATILE)
    second_factor_due = fields.Boolean(metadata=_VOLATILE)
    account_state = fields.String(validate=validate.OneOf(ACCOUNT_STATES), metadata=_VOLATILE)
    time_zone = fields.String(metadata=_VOLATILE)
    default_region = fields.String(metadata=_VOLATILE)
    plan = fields.Nested(Plan, metadata=_VOLATILE)
    plan_ends_at = fields.AwareDateTime(allow_none=True, metadata=_VOLATILE)
    quota = fields.List(fields.Nested(FeatureUsage), metadata=_VOLATILE)
    created_at = fields.AwareDateTime()


class MeUpdate(Schema):
    name = line_field(100)
    language = fields.String(validate=validate.OneOf(LANGUAGES))


class PasswordChange(Schema):
    old_password = password_field()
    new_password = password_field()
    revoke_api_keys = fields.Boolean(
        load_default=False,
        metadata={"description": "Revoke the user's API keys too, as after somebody else may have known the password"},
    )


class PasswordResetRequest(Schema):
    email = email_field()
    account_name = fields.String(required=True, validate=NAME_RULE)


class NewPassword(Schema):
    password = password_field()


class PasswordLink(Schema):
    """A link by mail that sets a password, while it is valid: whose, in which language, until when."""

    login = fields.String()
    language = fields.String()
    expires_at = fields.AwareDateTime()


class EmailChange(Schema):
    """The user's own password, and the address that is to be confirmed by mail."""

    email = email_field()
    password = password_field()


RPC: dict[str, Call] = {
    "get_me": Call(response=Me),
    "update_me": Call(MeUpdate, Me, edits=Me),
    "change_password": Call(PasswordChange),
    "request_password_reset": Call(PasswordResetRequest),
    "get_password_reset": Call(response=PasswordLink, path={"token": str}),
    "reset_password": Call(NewPassword, path={"token": str}),
    "get_invitation": Call(response=PasswordLink, path={"token": str}),
    "accept_invitation": Call(NewPassword, path={"token": str}),
    "request_email_change": Call(EmailChange),
    "confirm_email_change": Call(path={"token": str}),
}
