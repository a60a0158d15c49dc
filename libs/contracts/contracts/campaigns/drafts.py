"""Campaigns as they are written and shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

import marshmallow
from marshmallow import fields, validate, validates_schema

from contracts.campaigns.ab_tests import AbProgress, AbTest, ab_test_problems
from contracts.campaigns.content import ANY_SENDER, SenderField, content_field, content_problems, sender_problems
from contracts.campaigns.progress import LeftOutCounts, Progress
from contracts.campaigns.quiet_hours import QuietHours
from contracts.campaigns.steps import StepOf, steps_field
from contracts.campaigns.texts import NAME_MAX
from contracts.channel import CHANNELS
from contracts.contacts.audiences import Audience
from contracts.email_gateway.messages import ATTACHMENTS_MAX
from contracts.lists import NewestQuery, counted_page_of
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, broken_rule, line_field, page_of, rule
from contracts.vocabulary import CampaignState, Channel, LeftOut

THROTTLE_MIN, THROTTLE_MAX = 60, 200_000
__all__ = ["RPC", "Campaign", "LeftOutCounts", "Options", "Progress"]

# A channel looks at an e-mail's sender as a part of its content.
SENDER_IN_CONTENT = {f"content.{name}": f"sender.{name}" for name in ("from_email", "from_name", "reply_to")}
FOLDER_MAX, TAG_MAX, TAGS_MAX = 100, 50, 20


def folder_field(**rules: Any) -> fields.String:
    return line_field(FOLDER_MAX, 1, allow_none=True, **rules)


def tags_field(**rules: Any) -> fields.List[Any]:
    return fields.List(line_field(TAG_MAX, 1), validate=validate.Length(max=TAGS_MAX), **rules)


class Options(Schema):
    throttle_per_hour = fields.Integer(
        allow_none=True, strict=True, validate=validate.Range(min=THROTTLE_MIN, max=THROTTLE_MAX)
    )
    quiet_hours = fields.Nested(QuietHours, allow_none=True)
    time_zone_field = fields.String(
        allow_none=True,
        validate=validate.Length(min=1, max=100),
        metadata={
            "description": "The contact field that names the recipient's time zone (`America/New_York`): hours are"
            " those of that zone, and the account's where it names none"
        },
    )
    attachments = fields.List(
        fields.UUID(),
        validate=validate.Length(max=ATTACHMENTS_MAX),
        metadata={
            "description": "Hosted files that every e-mail carries, 5 MiB together: an add-on of plans. Looked at when"
            " the campaign is tested, scheduled and started"
        },
    )
    unsubscribe_page_id = fields.UUID(
        allow_none=True,
        metadata={
            "description": "E-mail: the unsubscribe page that this campaign's links show, instead of the account's"
            " default; that one again once it is deleted"
        },
    )


def options_problems(channel: Channel, options: Mapping[str, Any]) -> dict[str, Any]:
    """What of the options the channel has not, by field."""
    problems: dict[str, Any] = {}
    if options.get("attachments") and not CHANNELS[channel].attaches_files:
        problems["attachments"] = [rule("attachment.not_on_channel", "Messages of this channel carry no files.")]
    if options.get("unsubscribe_page_id") and channel is not Channel.EMAIL:
        no_page = rule("unsubscribe_page.not_on_channel", "Only e-mails have an unsubscribe page.")
        problems["unsubscribe_page_id"] = [no_page]
    return problems


STEPS = (
    "Two to five steps over channels: everybody gets the first that can be sent to them, and each next one only where"
    " the ones before have not reached them, by their `go_on`. With steps there is no `channel`, `sender`, `content` or"
    " `ab_test`, and no `options` of time zones, attachments or unsubscribe pages"
)


_NOT_OF_STEPS = ("time_zone_field", "attachments", "unsubscribe_page_id")


def steps_problems(campaign: Mapping[str, Any]) -> dict[str, Any]:
    """What a campaign of steps does not have, by field."""
    given = [name for name in ("channel", "sender", "content", "ab_test") if campaign.get(name)]
    problems: dict[str, Any] = {
        name: [rule("campaign.has_steps", "A campaign of steps says this in each step, or has none.")] for name in given
    }
    options = [name for name in _NOT_OF_STEPS if (campaign.get("options") or {}).get(name)]
    if options:
        said = "A campaign of steps has no such option."
        problems["options"] = {name: [rule("campaign.has_steps", said)] for name in options}
    return problems


class CampaignCreate(Schema):
    """A new draft. `sender` and `content` take the channel's shape; or it has `steps` in place of them."""

    also_named: ClassVar = SENDER_IN_CONTENT

    name = line_field(NAME_MAX, 1, required=True)
    channel = fields.Enum(
        Channel, by_value=True, load_default=None, metadata={"description": "Needed where there are no `steps`"}
    )
    sender = SenderField(allow_none=True, load_default=None, metadata=ANY_SENDER)
    audience = fields.Nested(Audience, load_default=lambda: Audience().load({}))
    content = content_field(load_default=dict)
    options = fields.Nested(Options, load_default=dict)
    ab_test = fields.Nested(AbTest, allow_none=True, load_default=None)
    steps = steps_field(allow_none=True, load_default=None, metadata={"description": STEPS})
    folder = folder_field(load_default=None)
    tags = tags_field(load_default=list)

    @validates_schema(skip_on_field_errors=True)
    def _fits_channel(self, campaign: dict[str, Any], **_: Any) -> None:
        if campaign["steps"] is not None:
            if problems := steps_problems(campaign):
                raise marshmallow.ValidationError(problems)
            return
        if campaign["channel"] is None:
            raise broken_rule(
                "campaign.no_channel", "Name the channel, or the steps of a campaign of steps.", "channel"
            )
        problems = {}
        if wrong_content := content_problems(campaign["channel"], campaign["content"]):
            problems["content"] = wrong_content
        if wrong_sender := sender_problems(campaign["channel"], campaign["sender"]):
            problems["sender"] = wrong_sender
        if wrong_test := ab_test_problems(campaign["channel"], campaign["ab_test"]):
            problems["ab_test"] = wrong_test
        if wrong_options := options_problems(campaign["channel"], campaign["options"]):
            problems["options"] = wrong_options
        if problems:
            raise marshmallow.ValidationError(problems)


class CampaignUpdate(Schema):
    """Change a draft; what is left out stays. A part that is given replaces that part whole."""

    also_named: ClassVar = SENDER_IN_CONTENT

    name = line_field(NAME_MAX, 1)
    sender = SenderField(allow_none=True, metadata=ANY_SENDER)
    audience = fields.Nested(Audience)
    content = content_field()
    options = fields.Nested(Options)
    ab_test = fields.Nested(AbTest, allow_none=True)
    steps = steps_field(metadata={"description": "Of a campaign of steps: all of them anew"})
    folder = folder_field()
    tags = tags_field()


class CampaignQuery(NewestQuery):
    channel = fields.Enum(Channel, by_value=True, load_default=None, allow_none=True)
    state = fields.Enum(CampaignState, by_value=True, load_default=None, allow_none=True)
    folder = line_field(FOLDER_MAX, 1, load_default=None)
    tag = line_field(TAG_MAX, 1, load_default=None)


class Failure(Schema):
    """Why a campaign has failed, or paused by itself; one that is resumed has none."""

    code = fields.String()
    detail = fields.String()


class Approval(Schema):
    """Of a campaign above the size that the account has set: it waits for a second person, or one approved it."""

    is_given = fields.Boolean()
    approved_by = fields.UUID(allow_none=True)
    approved_at = fields.AwareDateTime(allow_none=True)


class Campaign(Schema):
    id = fields.UUID()
    name = fields.String()
    channel = fields.Enum(Channel, by_value=True, metadata={"description": "Of a campaign of steps: of the first"})
    channels = fields.List(
        fields.Enum(Channel, by_value=True),
        metadata={"description": "Those of its steps, in their order; of a campaign without steps its one"},
    )
    state = fields.Enum(CampaignState, by_value=True)
    sender = fields.Raw(allow_none=True, metadata=ANY_SENDER)
    audience = fields.Nested(Audience)
    content = content_field()
    options = fields.Nested(Options)
    ab_test = fields.Nested(AbTest, allow_none=True)
    steps = steps_field(
        allow_none=True,
        metadata={"description": "Null of a campaign without; what each has done: `GET /v1/campaigns/{id}/steps`"},
    )
    step_of = fields.Nested(
        StepOf,
        allow_none=True,
        metadata={
            "description": "Of what is itself a step of a campaign: it is shown, followed up and reported as a campaign"
            " is, and goes with the campaign that it is a step of"
        },
    )
    folder = fields.String(allow_none=True)
    tags = fields.List(fields.String())
    ab_progress = fields.Nested(
        AbProgress,
        allow_none=True,
        metadata={"description": "How far its test is; null before it starts", "volatile": True},
    )
    send_at = fields.AwareDateTime(allow_none=True)
    time_zone = fields.String(allow_none=True)
    local_at = fields.NaiveDateTime(
        allow_none=True, metadata={"description": "The local time at which it goes in each recipient's own zone"}
    )
    approval = fields.Nested(Approval, allow_none=True)
    booster_of = fields.UUID(
        allow_none=True, metadata={"description": "The campaign after which it goes, `booster_after` minutes later"}
    )
    booster_after = fields.Integer(allow_none=True)
    progress = fields.Nested(Progress, metadata={"volatile": True})
    failure = fields.Nested(Failure, allow_none=True)
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()
    started_at = fields.AwareDateTime(allow_none=True)
    finished_at = fields.AwareDateTime(allow_none=True)


class CampaignRates(Schema):
    """How a campaign went, as a list of many shows it; its report has the rest."""

    delivery_rate = fields.Float(allow_none=True, metadata={"description": "delivered / sent"})
    open_rate = fields.Float(allow_none=True, metadata={"description": "E-mail: unique opens / delivered"})
    click_rate = fields.Float(allow_none=True, metadata={"description": "unique clicks / delivered"})


class CampaignSummary(Campaign):
    """A campaign in a list: without its content."""

    class Meta:
        exclude = ("content", "ab_test", "steps")

    rates = fields.Nested(
        CampaignRates,
        allow_none=True,
        metadata={
            "description": "Null before it has started, for who has no `reports.read`, and while reporting does not"
            " answer"
        },
    )


class LeftOutQuery(PageQuery):
    reason = fields.Enum(LeftOut, by_value=True, load_default=None, allow_none=True)


class LeftOutRecipient(Schema):
    number = fields.Integer(metadata={"description": "In the audience"})
    reason = fields.Enum(LeftOut, by_value=True)
    contact_id = fields.UUID(
        allow_none=True, metadata={"description": "Null of who was erased, and without the permission `contacts.read`"}
    )


LeftOutPage = page_of(LeftOutRecipient)
CampaignPage = counted_page_of(CampaignSummary)


class LinkLabels(Schema):
    labels = fields.List(
        fields.String(),
        metadata={"description": "E-mail: of each place in the content, by its number; variants' with ` / ` between"},
    )


class DuplicateRequest(Schema):
    name = line_field(NAME_MAX, 1, allow_none=True, load_default=None)


_CAMPAIGN = {"campaign_id": UUID}
RPC: dict[str, Call] = {
    "create_campaign": Call(CampaignCreate, Campaign),
    "get_campaign": Call(response=Campaign, path=_CAMPAIGN),
    "get_progress": Call(response=Progress, path=_CAMPAIGN),
    "get_link_labels": Call(response=LinkLabels, path=_CAMPAIGN),
    "list_campaigns": Call(CampaignQuery, CampaignPage),
    "list_left_out": Call(LeftOutQuery, LeftOutPage, path=_CAMPAIGN),
    "update_campaign": Call(CampaignUpdate, Campaign, path=_CAMPAIGN, edits=Campaign),
    "delete_campaign": Call(path=_CAMPAIGN, edits=Campaign),
    "duplicate_campaign": Call(DuplicateRequest, Campaign, path=_CAMPAIGN),
}
