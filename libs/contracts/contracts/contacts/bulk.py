"""Acts on every contact that fits a filter, as a job."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from marshmallow import fields, validate

from contracts.contacts.people import q_field
from contracts.contacts.shapes import NOTE, TEXT, JobError, rules_field, word_of
from contracts.rpc import Call
from contracts.schema import Schema
from contracts.vocabulary import ArchiveReason, Channel, JobState


class BulkAct(StrEnum):
    """What is done with each contact."""

    ADD_TO_GROUP = "add_to_group"
    REMOVE_FROM_GROUP = "remove_from_group"
    MOVE_TO_GROUP = "move_to_group"
    SET_FIELDS = "set_fields"
    ARCHIVE = "archive"
    RESTORE = "restore"
    DELETE = "delete"


# No person said these: a server or a hand was wrong, which may be taken back for many at once.
RESTORED_AT_ONCE = (
    ArchiveReason.HARD_BOUNCE,
    ArchiveReason.UNREGISTERED,
    ArchiveReason.DOES_NOT_EXIST,
    ArchiveReason.OTHER,
)


class BulkValues(Schema):
    """What contacts are given; null empties a field."""

    first_name = fields.String(allow_none=True, validate=TEXT)
    last_name = fields.String(allow_none=True, validate=TEXT)
    company = fields.String(allow_none=True, validate=TEXT)
    city = fields.String(allow_none=True, validate=TEXT)
    fields_ = fields.Dict(
        keys=fields.String(), values=fields.Raw(allow_none=True), data_key="fields", validate=validate.Length(max=200)
    )


class BulkCreate(Schema):
    """Whom (who fits all of `q`, `text`, `group_ids`, `segment_id` and `rules` that are given, at least one) and what.

    Acts on groups need `target_group_id`, and `move_to_group` also `source_group_id`; `set_fields` needs `values`,
    `archive` a `channel` and a `reason`; `delete` needs nothing more. `restore` is about addresses in the archive and
    not about contacts: those of a `reason`, and of a `channel` and a `campaign_id` where these are given. Addresses
    whose person has said no besides stay, and those that were archived before Wici kept that: restore these one by one.
    """

    q = q_field(load_default=None, allow_none=True)
    text = fields.String(load_default=None, allow_none=True, validate=validate.Length(min=1, max=200))
    group_ids = fields.List(fields.UUID(), load_default=None, allow_none=True, validate=validate.Length(min=1, max=100))
    segment_id = fields.UUID(load_default=None, allow_none=True)
    rules = rules_field(load_default=None, allow_none=True)
    act = fields.Enum(BulkAct, by_value=True, required=True)
    target_group_id = fields.UUID(load_default=None, allow_none=True)
    source_group_id = fields.UUID(load_default=None, allow_none=True)
    values_ = fields.Nested(BulkValues, data_key="values", load_default=None, allow_none=True)
    campaign_id = fields.UUID(
        load_default=None, allow_none=True, metadata={"description": "Of which the addresses were archived"}
    )
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


class ReportArchiveBegin(Schema):
    campaign_id = fields.UUID(required=True)


RPC = {
    "create_bulk": Call(BulkCreate, Bulk),
    "begin_report_archive": Call(ReportArchiveBegin, Bulk),
    "get_bulk": Call(None, Bulk, path={"bulk_id": UUID}),
    "cancel_bulk": Call(None, Bulk, path={"bulk_id": UUID}),
}
