"""Segments: saved rules, evaluated when used."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields

from contracts.contacts.people import ContactPage, sort_field
from contracts.contacts.shapes import NOTE, Count, name_field, rules_field
from contracts.lists import NamedQuery, counted_page_of
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema


class SegmentCreate(Schema):
    name = name_field(required=True)
    description = fields.String(load_default="", validate=NOTE)
    rules = rules_field(required=True)


class SegmentUpdate(Schema):
    name = name_field()
    description = fields.String(validate=NOTE)
    rules = rules_field()


class SegmentRules(Schema):
    rules = rules_field(required=True)


class Segment(Schema):
    id = fields.UUID()
    name = fields.String()
    description = fields.String()
    rules = rules_field()
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


SegmentPage = counted_page_of(Segment)


class RuleOperator(Schema):
    """`value` is the form of what it takes: `text`, `text_list`, `number_pair`, `days`, `group_ids`, `none`, …"""

    op = fields.String()
    label = fields.String(metadata={"description": "For people, in the language of the request."})
    value = fields.String()


class RuleField(Schema):
    name = fields.String()
    label = fields.String()
    type = fields.String()
    is_custom = fields.Boolean()
    operators = fields.List(fields.Nested(RuleOperator))


class RuleLimits(Schema):
    depth = fields.Integer()
    conditions = fields.Integer()
    values = fields.Integer()
    ids = fields.Integer()
    days = fields.Integer()
    times = fields.Integer()


class RuleTerms(Schema):
    fields_ = fields.List(fields.Nested(RuleField), data_key="fields")
    limits = fields.Nested(RuleLimits)


class SegmentContactQuery(PageQuery):
    sort = sort_field()


RPC = {
    "list_segments": Call(NamedQuery, SegmentPage),
    "create_segment": Call(SegmentCreate, Segment),
    "get_segment": Call(None, Segment, path={"segment_id": UUID}),
    "update_segment": Call(SegmentUpdate, Segment, path={"segment_id": UUID}, edits=Segment),
    "delete_segment": Call(path={"segment_id": UUID}, edits=Segment),
    "count_segment": Call(SegmentRules, Count),
    "describe_rules": Call(None, RuleTerms),
    "list_segment_contacts": Call(SegmentContactQuery, ContactPage, path={"segment_id": UUID}),
}
