"""Users and their rights."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.identity.shapes import LANGUAGES, NAME_RULE, email_field, password_field, text_field
from contracts.schema import Schema, page_of


class Me(Schema):
    id = fields.UUID()
    account_id = fields.UUID()
    account_name = fields.String()
    login = fields.String()
    email = fields.String()
    name = fields.String()
    language = fields.String()
    is_owner = fields.Boolean()
    permissions = fields.List(fields.String())
    second_factor = fields.Boolean()
    created_at = fields.AwareDateTime()


class MeUpdate(Schema):
    name = text_field(100)
    language = fields.String(validate=validate.OneOf(LANGUAGES))


class PasswordChange(Schema):
    old_password = password_field()
    new_password = password_field()


class User(Schema):
    id = fields.UUID()
    login = fields.String()
    email = fields.String()
    name = fields.String()
    state = fields.String()
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
    name = text_field(100, load_default="")
    password = password_field()
    permissions = fields.List(text_field(60), load_default=list, validate=validate.Length(max=100))
    roles = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=50))


class UserUpdate(Schema):
    name = text_field(100)
    state = fields.String(validate=validate.OneOf(("active", "blocked")))


class UserId(Schema):
    user_id = fields.UUID(required=True)


class UserUpdateById(UserUpdate, UserId):
    pass


class RightsOfUser(Rights, UserId):
    pass


class Permission(Schema):
    name = fields.String()
    summary = fields.String()
    session_only = fields.Boolean()


class PermissionList(Schema):
    items = fields.List(fields.Nested(Permission))


UserPage = page_of(User)
