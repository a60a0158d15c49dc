"""Audiences of campaigns, and their snapshots."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.contacts.shapes import Count, JobError, word_of
from contracts.rpc import Call
from contracts.schema import Schema
from contracts.vocabulary import Channel, JobState


class Audience(Schema):
    """Contacts in any of `groups` or `segments`, minus those in any excluded one."""

    groups = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=100))
    segments = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=100))
    exclude_groups = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=100))
    exclude_segments = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=100))


class AudienceCount(Schema):
    channel = fields.Enum(Channel, by_value=True, required=True)
    audience = fields.Nested(Audience, required=True)


class AddresseesCount(AudienceCount):
    """`only_to`, addresses in lower case: count none but those who have one of them."""

    only_to = fields.List(fields.String(), load_default=None, allow_none=True)


class SnapshotCreate(AudienceCount):
    snapshot_id = fields.UUID(required=True)
    fields_ = fields.List(fields.String(), data_key="fields", load_default=list)


class Snapshot(Schema):
    state = word_of(JobState)
    total = fields.Integer(allow_none=True)
    error = fields.Nested(JobError, allow_none=True)


class AudienceRead(Schema):
    """`after` is the number of the last recipient read, 0 at first."""

    snapshot_id = fields.UUID(required=True)
    after = fields.Integer(load_default=0, validate=validate.Range(min=0))
    limit = fields.Integer(load_default=500, validate=validate.Range(min=1, max=5_000))


class Recipients(Schema):
    """`contracts.lanes.Recipient` each. A field that the contact does not have is left out of `fields`."""

    recipients = fields.List(fields.Raw())


RPC = {
    "count_audience": Call(AddresseesCount, Count),
    "snapshot_audience": Call(SnapshotCreate, Snapshot),
    "get_snapshot": Call(None, Snapshot, path={"snapshot_id": UUID}),
    "read_audience": Call(AudienceRead, Recipients),
    "drop_snapshot": Call(path={"snapshot_id": UUID}),
}
