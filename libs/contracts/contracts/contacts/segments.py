"""Segments: saved rules, evaluated when used."""

from __future__ import annotations

from marshmallow import fields

from contracts.contacts.shapes import NAME, NOTE
from contracts.schema import PageQuery, Schema, page_of


class SegmentCreate(Schema):
    name = fields.String(required=True, validate=NAME)
    description = fields.String(load_default="", validate=NOTE)
    rules = fields.Dict(required=True)


class SegmentUpdate(Schema):
    segment_id = fields.UUID(required=True, load_only=True)
    name = fields.String(validate=NAME)
    description = fields.String(validate=NOTE)
    rules = fields.Dict()


class SegmentId(Schema):
    segment_id = fields.UUID(required=True)


class SegmentMembersQuery(PageQuery):
    segment_id = fields.UUID(required=True, load_only=True)


class SegmentRules(Schema):
    rules = fields.Dict(required=True)


class Segment(Schema):
    id = fields.UUID()
    name = fields.String()
    description = fields.String()
    rules = fields.Dict()
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


SegmentPage = page_of(Segment)
