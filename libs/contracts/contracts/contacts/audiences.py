"""Audiences of campaigns, and their snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from marshmallow import fields, validate

from contracts.contacts.shapes import Count, JobError, word_of
from contracts.rpc import Call
from contracts.schema import Schema
from contracts.vocabulary import Channel, FollowUpWho, JobState, LeftOut

ADDRESSEES_MAX = 1_000


class FollowUp(Schema):
    """Those of a campaign's recipients who did, or did not, as it is known when the audience is taken."""

    campaign_id = fields.UUID(required=True)
    who = fields.String(required=True, validate=validate.OneOf([str(who) for who in FollowUpWho]))
    channel = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf([str(channel) for channel in Channel]),
        metadata={"description": "the followed campaign's; whatever is given, it is written as it is"},
    )


class Audience(Schema):
    """Contacts in any of `groups` or `segments`, or of `follow_up`, minus those in any excluded one."""

    groups = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=100))
    segments = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=100))
    exclude_groups = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=100))
    exclude_segments = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=100))
    follow_up = fields.Nested(FollowUp, load_default=None, allow_none=True)


def names_anybody(audience: Mapping[str, object]) -> bool:
    """Whether it is an audience of something: not of nothing, nor only without somebody."""
    return any(audience.get(source) for source in ("groups", "segments", "follow_up"))


class AudienceCount(Schema):
    """`also_on`: whoever can be reached on one of these channels, or on `channel`, is of it."""

    channel = fields.Enum(Channel, by_value=True, required=True)
    audience = fields.Nested(Audience, required=True)
    also_on = fields.List(
        fields.Enum(Channel, by_value=True), load_default=list, validate=validate.Length(max=len(Channel))
    )


class AddresseesCount(AudienceCount):
    """`only_to`, addresses in lower case: count none but those who have one of them."""

    only_to = fields.List(fields.String(), load_default=None, allow_none=True)


class AudienceToSample(AudienceCount):
    fields_ = fields.List(fields.String(), data_key="fields", load_default=list)


class SampledContact(Schema):
    contact_id = fields.UUID()
    fields_ = fields.Dict(keys=fields.String(), data_key="fields")
    stands_for = fields.Integer(
        metadata={"description": "so many of those looked at; 0: is there for the fields that it lacks"}
    )


class AudienceSample(Schema):
    """About a hundred of an audience: spread over it, and of each set of fields that somebody lacks a few."""

    contacts = fields.List(fields.Nested(SampledContact))
    complete = fields.Dict(
        keys=fields.String(),
        metadata={"description": "a value for every field: somebody's, or else an example of its type"},
    )
    size = fields.Integer(
        allow_none=True, metadata={"description": "null of a very large one, not looked at to its end"}
    )


class ZoneOrder(Schema):
    """The contact field that names a zone, the zone of who has none, and a local time (without an offset)."""

    field = fields.String(required=True)
    default = fields.String(required=True)
    local_time = fields.NaiveDateTime(required=True)


class SnapshotCreate(AudienceToSample):
    """`is_shuffled`: numbered in an order that says nothing of the contacts; else as they were added.

    With `zones` those come first in whose zone it is that local time first.
    """

    snapshot_id = fields.UUID(required=True)
    campaign_id = fields.UUID(
        load_default=None,
        allow_none=True,
        metadata={"description": "that the audience is of; of one of steps the whole"},
    )
    is_shuffled = fields.Boolean(load_default=False)
    zones = fields.Nested(ZoneOrder, load_default=None, allow_none=True)


class Snapshot(Schema):
    state = word_of(JobState)
    total = fields.Integer(allow_none=True)
    error = fields.Nested(JobError, allow_none=True)


class AudienceRead(Schema):
    """`after` is the number of the last recipient read, 0 at first; `campaign_id` is given by a campaign that is about
    to send to them: each then counts for the frequency cap, until it is known what became of the message."""

    snapshot_id = fields.UUID(required=True)
    after = fields.Integer(load_default=0, validate=validate.Range(min=0))
    limit = fields.Integer(load_default=500, validate=validate.Range(min=1, max=5_000))
    campaign_id = fields.UUID(load_default=None, allow_none=True)


class StepAudienceRead(Schema):
    """The recipients of these numbers as they are now on a channel, for a step of the campaign `step_of`: their address
    there, and consent and archive of this moment. All steps of a campaign are one message under the frequency cap."""

    snapshot_id = fields.UUID(required=True)
    channel = fields.Enum(Channel, by_value=True, required=True)
    numbers = fields.List(fields.Integer(), required=True, validate=validate.Length(max=5_000))
    campaign_id = fields.UUID(required=True)
    step_of = fields.UUID(required=True)


class StrangersCount(Schema):
    """Recipients of a snapshot who have none of these addresses, which are in lower case."""

    snapshot_id = fields.UUID(required=True)
    addresses = fields.List(fields.String(), required=True)


class AudienceLetGo(Schema):
    """Who is numbered above `after` has been read and is not sent to after all, or not yet; `numbers`: of these alone,
    as a later step has read them."""

    snapshot_id = fields.UUID(required=True)
    campaign_id = fields.UUID(required=True)
    after = fields.Integer(required=True, validate=validate.Range(min=0))
    numbers = fields.List(fields.Integer(), load_default=None, allow_none=True, validate=validate.Length(max=5_000))


class Recipients(Schema):
    """Numbers above `after`, `limit` of them: each is a recipient's (`contracts.lanes.Recipient`), or is left out.

    A field that the contact does not have is left out of `fields`.
    """

    recipients = fields.List(fields.Raw())
    left_out = fields.Dict(
        keys=word_of(LeftOut),
        values=fields.Raw(),
        metadata={"description": "the numbers of those who are not to be sent to any more, by the reason"},
    )
    left_out_contacts = fields.List(
        fields.Raw(), metadata={"description": "`[number, contact_id]` of those of them whose row is still there"}
    )


class Addressees(Schema):
    """Contacts with the addresses that a channel is about to send to: `[[contact_id, address], …]`."""

    channel = fields.Enum(Channel, by_value=True, required=True)
    addressees = fields.List(
        fields.Tuple((fields.UUID(), fields.String())), required=True, validate=validate.Length(max=ADDRESSEES_MAX)
    )
    campaign_ids = fields.List(
        fields.UUID(),
        load_default=list,
        validate=validate.Length(max=ADDRESSEES_MAX),
        metadata={"description": "whose message each is about to get, in the same order; none: of nobody is it known"},
    )


class LeftOutAddressees(Schema):
    """Who is not to be sent to any more: place in the list, and why."""

    left_out = fields.List(fields.Tuple((fields.Integer(), word_of(LeftOut))))


RPC = {
    "count_audience": Call(AddresseesCount, Count),
    "sample_audience": Call(AudienceToSample, AudienceSample),
    "snapshot_audience": Call(SnapshotCreate, Snapshot),
    "get_snapshot": Call(None, Snapshot, path={"snapshot_id": UUID}),
    "read_audience": Call(AudienceRead, Recipients),
    "read_step_audience": Call(StepAudienceRead, Recipients),
    "count_strangers": Call(StrangersCount, Count),
    "let_go_of_audience": Call(AudienceLetGo),
    "check_addressees": Call(Addressees, LeftOutAddressees),
    "drop_snapshot": Call(path={"snapshot_id": UUID}),
}
