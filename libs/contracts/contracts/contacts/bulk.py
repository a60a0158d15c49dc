"""Acts on every contact that fits a filter, as a job."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from marshmallow import fields, validate

from contracts.contacts.people import q_field
from contracts.contacts.shapes import NOTE, JobError, rules_field, word_of
from contracts.rpc import Call
from contracts.schema import Schema
from contracts.vocabulary import ArchiveReason, Channel, JobState


class BulkAct(StrEnum):
    """What is done with each contact."""

    ADD_TO_GROUP = "add_to_group"
    REMOVE_FROM_GROUP = "remove_from_group"
    ARCHIVE = "archive"
    DELETE = "delete"


class BulkCreate(Schema):
    """Whom (who fits all of `q`, `text`, `group_ids`, `segment_id` and `rules` that are given, at least one) and what.

    The first two acts need `target_group_id`, `archive` a `channel` and a `reason`; `delete` needs nothing more.
    """

    q = q_field(load_default=None, allow_none=True)
    text = fields.String(load_default=None, allow_none=True, validate=validate.Length(min=1, max=200))
    group_ids = fields.List(fields.UUID(), load_default=None, allow_none=True, validate=validate.Length(min=1, max=100))
    segment_id = fields.UUID(load_default=None, allow_none=True)
    rules = rules_field(load_default=None, allow_none=True)
    act = fields.Enum(BulkAct, by_value=True, required=True)
    target_group_id = fields.UUID(load_default=None, allow_none=True)
    channel = fields.Enum(Channel, by_value=True, load_default=None, allow_none=True)
    reason = fields.Enum(ArchiveReason, by_value=True, load_default=None, allow_none=True)
    note = fields.String(load_default="", validate=NOTE)
    dry_run = fields.Boolean(
        load_default=False, metadata={"description": "only count who fits, and for whom the act would change anything"}
    )


class BulkCounts(Schema):
    """Contacts that fit, and those of them for whom the act changed something (in a dry run: would)."""

    fitting = fields.Integer()
    changed = fields.Integer()


class Bulk(Schema):
    id = fields.UUID()
    act = word_of(BulkAct)
    dry_run = fields.Boolean()
    state = word_of(JobState)
    done = fields.Integer()
    total = fields.Integer(allow_none=True)
    counts = fields.Nested(BulkCounts)
    error = fields.Nested(JobError, allow_none=True)
    created_at = fields.AwareDateTime()
    finished_at = fields.AwareDateTime(allow_none=True)


RPC = {
    "create_bulk": Call(BulkCreate, Bulk),
    "get_bulk": Call(None, Bulk, path={"bulk_id": UUID}),
    "cancel_bulk": Call(None, Bulk, path={"bulk_id": UUID}),
}
