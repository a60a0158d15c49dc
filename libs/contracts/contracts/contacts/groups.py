"""Groups, and their combinations."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.contacts.shapes import NOTE, name_field, rules_field
from contracts.lists import NamedQuery, counted_page_of
from contracts.rpc import Call
from contracts.schema import Schema


class GroupCreate(Schema):
    name = name_field(required=True)
    description = fields.String(load_default="", validate=NOTE)


class GroupUpdate(Schema):
    name = name_field()
    description = fields.String(validate=NOTE)
    archived = fields.Boolean()


class GroupQuery(NamedQuery):
    archived = fields.Boolean(load_default=False)


class Group(Schema):
    id = fields.UUID()
    name = fields.String()
    description = fields.String()
    contacts = fields.Integer(metadata={"volatile": True})
    archived = fields.Boolean()
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class GroupMembers(Schema):
    contact_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=1_000))


class MembersChanged(Schema):
    changed = fields.Integer()
    contacts = fields.Integer()


class SplitPart(Schema):
    name = name_field(required=True)
    percent = fields.Float(required=True, validate=validate.Range(min=0, max=100))


class GroupCombine(Schema):
    """`union` of groups; `subtract` groups from the first; `filter` one by rules; `split` one by percentages."""

    operation = fields.String(required=True, validate=validate.OneOf(["union", "subtract", "filter", "split"]))
    group_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=100))
    name = name_field()
    rules = rules_field()
    parts = fields.List(fields.Nested(SplitPart), validate=validate.Length(min=2, max=20))
    seed = fields.String(load_default="", validate=validate.Length(max=100))


class GroupList(Schema):
    items = fields.List(fields.Nested(Group))


GroupPage = counted_page_of(Group)


RPC = {
    "list_groups": Call(GroupQuery, GroupPage),
    "create_group": Call(GroupCreate, Group),
    "get_group": Call(None, Group, path={"group_id": UUID}),
    "update_group": Call(GroupUpdate, Group, path={"group_id": UUID}, edits=Group),
    "delete_group": Call(path={"group_id": UUID}, edits=Group),
    "add_to_group": Call(GroupMembers, MembersChanged, path={"group_id": UUID}),
    "remove_from_group": Call(GroupMembers, MembersChanged, path={"group_id": UUID}),
    "combine_groups": Call(GroupCombine, GroupList),
}
