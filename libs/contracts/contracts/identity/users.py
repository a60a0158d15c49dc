"""Users and their rights."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.identity.sessions import SessionPage
from contracts.identity.shapes import NAME_RULE, email_field, password_field, text_field
from contracts.lists import NamedQuery, counted_page_of
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, line_field


class User(Schema):
    id = fields.UUID()
    login = fields.String()
    email = fields.String()
    email_confirmed = fields.Boolean()
    name = fields.String()
    state = fields.String(validate=validate.OneOf(("active", "invited", "blocked")))
    is_owner = fields.Boolean()
    permissions = fields.List(fields.String())
    roles = fields.List(fields.UUID())
    second_factor = fields.Boolean()
    created_at = fields.AwareDateTime()


class Rights(Schema):
    """Permissions given one by one, and roles."""

    permissions = fields.List(text_field(60), required=True, validate=validate.Length(max=100))
    roles = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=50))


class UserCreate(Schema):
    login = fields.String(required=True, validate=NAME_RULE)
    email = email_field()
    name = line_field(100, load_default="")
    password = password_field(
        required=False,
        load_default=None,
        allow_none=True,
        metadata={"description": "Without one the user is invited: a link by mail, valid for 7 days, sets it"},
    )
    permissions = fields.List(text_field(60), load_default=list, validate=validate.Length(max=100))
    roles = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=50))


class UserUpdate(Schema):
    name = line_field(100)
    state = fields.String(validate=validate.OneOf(("active", "blocked")))


class UserDeletion(Schema):
    api_keys = fields.String(
        load_default="revoke",
        validate=validate.OneOf(("revoke", "transfer")),
        metadata={
            "description": "What becomes of the user's keys: `transfer` gives them to the account's owner, as far as"
            " the user's rights reached"
        },
    )


class LoginQuery(Schema):
    login = fields.String(required=True, validate=NAME_RULE)


class LoginAvailability(Schema):
    available = fields.Boolean()


class Permission(Schema):
    name = fields.String()
    summary = fields.String()
    session_only = fields.Boolean()


class PermissionList(Schema):
    items = fields.List(fields.Nested(Permission))


UserPage = counted_page_of(User)

RPC: dict[str, Call] = {
    "list_users": Call(NamedQuery, UserPage),
    "create_user": Call(UserCreate, User),
    "get_user": Call(response=User, path={"user_id": UUID}),
    "update_user": Call(UserUpdate, User, path={"user_id": UUID}, edits=User),
    "check_login": Call(LoginQuery, LoginAvailability),
    "delete_user": Call(UserDeletion, path={"user_id": UUID}, edits=User),
    "invite_user_again": Call(path={"user_id": UUID}),
    "reset_user_password": Call(path={"user_id": UUID}),
    "reset_user_second_factor": Call(path={"user_id": UUID}),
    "list_user_sessions": Call(PageQuery, SessionPage, path={"user_id": UUID}),
    "end_user_session": Call(path={"user_id": UUID, "session_id": UUID}),
    "end_user_sessions": Call(path={"user_id": UUID}),
    "set_rights": Call(Rights, User, path={"user_id": UUID}, edits=User),
}
