"""A campaign of ordered steps over channels: as it is written, and what each step has reached.

Each step is a campaign of its own channel, with an id of its own (`contracts.ids.step_campaign_id`), under which its
messages stand in the log and its figures in the reports; the campaign that they are steps of moves people between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import marshmallow
from marshmallow import fields, validate, validates_schema

from contracts.campaigns.chains import HOURS_MAX, MINUTES_MAX, STEPS_MAX, STEPS_MIN, GoOn, go_on_problems
from contracts.campaigns.content import ANY_SENDER, SenderField, content_field, content_problems, sender_problems
from contracts.campaigns.progress import Progress
from contracts.campaigns.quiet_hours import QuietHours
from contracts.money import Money
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, Word, page_of
from contracts.vocabulary import CampaignState, ChainState, Channel, StepState

__all__ = ["HOURS_MAX", "MINUTES_MAX", "RPC", "STEPS_MAX", "STEPS_MIN", "CampaignStep", "steps_field"]


class CampaignStep(Schema):
    """One step: it goes to whom the one before has not reached. A draft's may be incomplete."""

    channel = Word(Channel, required=True)
    sender = SenderField(
        allow_none=True,
        load_default=None,
        metadata={**ANY_SENDER, "description": "As a campaign of the step's channel writes it"},
    )
    content = content_field(load_default=dict)
    go_on = fields.Nested(
        GoOn,
        load_default=lambda: GoOn().load({}),
        metadata={
            "description": "When the next step takes over for a person, on whichever comes first. Of the last step it"
            " says nothing"
        },
    )
    quiet_hours = fields.Nested(
        QuietHours,
        load_default=None,
        allow_none=True,
        metadata={
            "description": "In the account's time zone, beside the campaign's and the account's own: nothing of this"
            " step starts in them"
        },
    )

    @validates_schema(skip_on_field_errors=True)
    def _fits_channel(self, step: dict[str, Any], **_: Any) -> None:
        channel = step["channel"]
        problems: dict[str, Any] = dict(go_on_problems(step))
        if wrong_content := content_problems(channel, step["content"]):
            problems["content"] = wrong_content
        if wrong_sender := sender_problems(channel, step["sender"]):
            problems["sender"] = wrong_sender
        if problems:
            raise marshmallow.ValidationError(problems)


def steps_field(**rules: Any) -> fields.List[Any]:
    """Two to five steps."""
    return fields.List(fields.Nested(CampaignStep), validate=validate.Length(STEPS_MIN, STEPS_MAX), **rules)


class StepOf(Schema):
    """Of which campaign a step is, and which one."""

    campaign_id = fields.UUID()
    place = fields.Integer(metadata={"description": "1 for the first"})


class CampaignStepFigures(Schema):
    """What a step has done, in people: of all of the audience each is in exactly one of `waiting` to `saved`."""

    place = fields.Integer(metadata={"description": "1 for the first"})
    channel = fields.Enum(Channel, by_value=True)
    campaign_id = fields.UUID(
        allow_none=True,
        metadata={
            "description": "Of the step: its messages are of this campaign in `GET /v1/messages`, and its channel's own"
            " figures stand in `GET /v1/campaigns/{id}/report`. Null before the campaign has started"
        },
    )
    state = fields.Enum(CampaignState, by_value=True, allow_none=True)
    waiting = fields.Integer(metadata={"description": "Their turn has not come, and may"})
    due = fields.Integer(metadata={"description": "Their turn has come, and nothing has left yet"})
    under_way = fields.Integer(metadata={"description": "Given to the channel; nothing final is known"})
    reached = fields.Integer(metadata={"description": "They have it: delivered, or read where the step waits for that"})
    failed = fields.Integer(metadata={"description": "The channel refused it, or it failed on its way"})
    impossible = fields.Integer(
        metadata={"description": "No address, no consent, archived, no device, no RCS: the next step took over at once"}
    )
    timed_out = fields.Integer(metadata={"description": "Not delivered or not read in time; those taken back too"})
    unknown = fields.Integer(  # type: ignore[assignment]  # a field, not the option
        metadata={"description": "It left, and nothing was ever heard of it"}
    )
    saved = fields.Integer(metadata={"description": "Not needed: another step had reached them"})
    skipped = fields.Integer(metadata={"description": "Not sent, for nothing more was to be sent to them"})
    sent = fields.Integer(metadata={"description": "Left, whatever came of it"})
    read = fields.Integer(metadata={"description": "Of a step with `not_read_hours`; of others nobody is asked"})
    units = fields.Integer(metadata={"description": "Of the channel's quota, that it took: of an SMS its parts"})
    cost = fields.Nested(
        Money,
        allow_none=True,
        metadata={"description": "Null before anything has left, without `reports.read`, and while nobody can say"},
    )
    progress = fields.Nested(
        Progress,
        allow_none=True,
        metadata={"description": "The step's own: `recipients` are those whose turn has come"},
    )


class CampaignSteps(Schema):
    """One report of a campaign over its channels, in people."""

    campaign_id = fields.UUID()
    state = fields.Enum(CampaignState, by_value=True)
    recipients = fields.Integer(allow_none=True, metadata={"description": "As the audience was numbered"})
    by_state = fields.Dict(
        keys=Word(ChainState),
        values=fields.Integer(),
        metadata={"description": "How far each person is; with `to_come` they add up to `recipients`"},
    )
    to_come = fields.Integer(allow_none=True, metadata={"description": "Their first step has not been tried yet"})
    reached_by = fields.Dict(
        keys=Word(Channel), values=fields.Integer(), metadata={"description": "On which channel people had it first"}
    )
    steps = fields.List(fields.Nested(CampaignStepFigures))
    cost = fields.Nested(
        Money, allow_none=True, metadata={"description": "Of all steps; null where one's is not known"}
    )


class PersonStep(Schema):
    """A step to one person."""

    place = fields.Integer()
    channel = fields.Enum(Channel, by_value=True)
    state = Word(StepState)
    code = fields.String(allow_none=True, metadata={"description": "Why it failed, or could not be"})
    message_id = fields.UUID(allow_none=True, metadata={"description": "In the message log, once it has left"})
    sent_at = fields.AwareDateTime(allow_none=True)
    delivered_at = fields.AwareDateTime(allow_none=True)
    read_at = fields.AwareDateTime(allow_none=True)
    ended_at = fields.AwareDateTime(allow_none=True)


class CampaignPerson(Schema):
    """One of the audience, by their number in it, and the steps to them as one line of time."""

    number = fields.Integer(metadata={"description": "In the audience, from 1"})
    state = Word(ChainState)
    reached_by = fields.Enum(Channel, by_value=True, allow_none=True)
    steps = fields.List(fields.Nested(PersonStep))


class PeopleQuery(PageQuery):
    """In the order of the audience; those of whom no step has been tried yet are not among them."""

    state = fields.Enum(ChainState, by_value=True, load_default=None)
    reached_by = fields.Enum(Channel, by_value=True, load_default=None)


def field_of(place: int, name: str) -> str:
    """How a refusal names a part of a step: `steps.1.sender`."""
    return f"steps.{place}.{name}" if name else f"steps.{place}"


def channels_of(steps: Sequence[Any]) -> list[Channel]:
    return [Channel(step["channel"]) for step in steps]


_CAMPAIGN = {"campaign_id": UUID}
RPC: dict[str, Call] = {
    "get_campaign_steps": Call(response=CampaignSteps, path=_CAMPAIGN),
    "list_campaign_people": Call(PeopleQuery, page_of(CampaignPerson), path=_CAMPAIGN),
}
