"""Groups, and their combinations."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from contracts.contacts.shapes import NOTE, JobError, name_field, rules_field, word_of
from contracts.lists import NamedQuery, counted_page_of
from contracts.rpc import Call
from contracts.schema import Schema, line_field
from contracts.vocabulary import JobState

LANGUAGE = validate.Regexp(r"^[a-z]{2}\Z", error="Two lower-case letters, as in ISO 639-1.")
PUBLIC_MAX = 20


class ListTexts(Schema):
    """What people are told of a group in one language; the group's own name and description are the account's alone."""

    name = line_field(100, 1, required=True)
    description = line_field(300, load_default="")


def _public_field(**rules: Any) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(validate=LANGUAGE),
        values=fields.Nested(ListTexts),
        allow_none=True,
        validate=validate.Length(min=1, max=20),
        metadata={
            "description": "What people read who may leave it by themselves, by language: it then stands on unsubscribe"
            f" pages ({PUBLIC_MAX} of an account); null: it does not"
        },
        **rules,
    )


class GroupCreate(Schema):
    name = name_field(required=True)
    description = fields.String(load_default="", validate=NOTE)
    public = _public_field(load_default=None)


class GroupUpdate(Schema):
    name = name_field()
    description = fields.String(validate=NOTE)
    archived = fields.Boolean()
    public = _public_field()


class GroupQuery(NamedQuery):
    archived = fields.Boolean(load_default=False)


class Group(Schema):
    id = fields.UUID()
    name = fields.String()
    description = fields.String()
    contacts = fields.Integer(metadata={"volatile": True})
    archived = fields.Boolean()
    public = _public_field()
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class GroupMembers(Schema):
    contact_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=1_000))


class NewMembers(GroupMembers):
    """Who has left the group by an unsubscribe page is not put back, unless `rejoin`: they have asked for it."""

    rejoin = fields.Boolean(load_default=False)


class MembersChanged(Schema):
    changed = fields.Integer()
    contacts = fields.Integer()


class SplitPart(Schema):
    name = name_field(required=True)
    percent = fields.Float(required=True, validate=validate.Range(min=0, max=100))


class GroupOperation(StrEnum):
    """How new groups come of old ones; `report`: of those of a campaign who did, or did not, what its report says."""

    UNION = "union"
    SUBTRACT = "subtract"
    FILTER = "filter"
    SPLIT = "split"
    REPORT = "report"


COMBINED = (GroupOperation.UNION, GroupOperation.SUBTRACT, GroupOperation.FILTER, GroupOperation.SPLIT)


class GroupCombine(Schema):
    """`union` of groups; `subtract` groups from the first; `filter` one by rules; `split` one by percentages."""

    operation = fields.String(required=True, validate=validate.OneOf([one.value for one in COMBINED]))
    group_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=100))
    name = name_field()
    rules = rules_field()
    parts = fields.List(fields.Nested(SplitPart), validate=validate.Length(min=2, max=20))
    seed = fields.String(load_default="", validate=validate.Length(max=100))


class ReportGroupBegin(Schema):
    """The contacts of those recipients of a campaign who did, or did not, what `who` says (`contracts.reporting`)."""

    campaign_id = fields.UUID(required=True)
    who = fields.String(required=True, validate=validate.Length(min=1, max=30))
    name = name_field(required=True)


class Combination(Schema):
    """New groups on their way. `items` has them when everybody is in: before that nobody sees them."""

    id = fields.UUID()
    operation = word_of(GroupOperation)
    state = word_of(JobState)
    done = fields.Integer(metadata={"description": "Contacts that are in the new groups by now"})
    total = fields.Integer(allow_none=True, metadata={"description": "How many there will be; null: not known yet"})
    items = fields.List(fields.Nested(Group))
    error = fields.Nested(JobError, allow_none=True)
    created_at = fields.AwareDateTime()
    finished_at = fields.AwareDateTime(allow_none=True)


GroupPage = counted_page_of(Group)


RPC = {
    "list_groups": Call(GroupQuery, GroupPage),
    "create_group": Call(GroupCreate, Group),
    "get_group": Call(None, Group, path={"group_id": UUID}),
    "update_group": Call(GroupUpdate, Group, path={"group_id": UUID}, edits=Group),
    "delete_group": Call(path={"group_id": UUID}, edits=Group),
    "add_to_group": Call(NewMembers, MembersChanged, path={"group_id": UUID}),
    "remove_from_group": Call(GroupMembers, MembersChanged, path={"group_id": UUID}),
    "combine_groups": Call(GroupCombine, Combination),
    "begin_report_group": Call(ReportGroupBegin, Combination),
    "get_combination": Call(None, Combination, path={"combination_id": UUID}),
    "cancel_combination": Call(None, Combination, path={"combination_id": UUID}),
}
