"""Roles: named sets of permissions."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.identity.shapes import text_field
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, line_field, page_of


class RoleCreate(Schema):
    name = line_field(100, required=True, minimum=1)
    permissions = fields.List(text_field(60), required=True, validate=validate.Length(max=100))


class RoleUpdate(Schema):
    name = line_field(100, minimum=1)
    permissions = fields.List(text_field(60), validate=validate.Length(max=100))


class Role(Schema):
    id = fields.UUID()
    name = fields.String()
    permissions = fields.List(fields.String())
    created_at = fields.AwareDateTime()


RolePage = page_of(Role)

RPC: dict[str, Call] = {
    "list_roles": Call(PageQuery, RolePage),
    "create_role": Call(RoleCreate, Role),
    "get_role": Call(response=Role, path={"role_id": UUID}),
    "update_role": Call(RoleUpdate, Role, path={"role_id": UUID}, edits=Role),
    "delete_role": Call(path={"role_id": UUID}, edits=Role),
}
