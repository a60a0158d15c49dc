"""Campaigns that follow another one: a draft for those who did or did not, and the booster, which goes by itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import marshmallow
from marshmallow import fields, validate, validates_schema

from contracts.campaigns.content import ANY_SENDER, SenderField, content_field, content_problems, sender_problems
from contracts.campaigns.drafts import Campaign
from contracts.campaigns.texts import NAME_MAX
from contracts.rpc import Call
from contracts.schema import Schema, line_field
from contracts.vocabulary import Channel, FollowUpWho

AFTER_MIN, AFTER_MAX = 2 * 60, 7 * 24 * 60  # minutes


class FollowUpRequest(Schema):
    """A draft for those of the campaign's recipients; by the same channel it says the same until it is changed."""

    who = fields.Enum(FollowUpWho, by_value=True, required=True)
    channel = fields.Enum(Channel, by_value=True, allow_none=True, load_default=None)
    name = line_field(NAME_MAX, 1, allow_none=True, load_default=None)


class BoosterRequest(Schema):
    """Another message, `after_minutes` after the campaign has been sent, to those who did or did not by then."""

    who = fields.Enum(FollowUpWho, by_value=True, required=True)
    after_minutes = fields.Integer(required=True, strict=True, validate=validate.Range(min=AFTER_MIN, max=AFTER_MAX))
    channel = fields.Enum(Channel, by_value=True, required=True)
    sender = SenderField(required=True, metadata=ANY_SENDER)
    content = content_field(required=True)

    @validates_schema(skip_on_field_errors=True)
    def _fits_channel(self, booster: dict[str, Any], **_: Any) -> None:
        problems = {
            "content": content_problems(booster["channel"], booster["content"]),
            "sender": sender_problems(booster["channel"], booster["sender"]),
        }
        if any(problems.values()):
            raise marshmallow.ValidationError({name: wrong for name, wrong in problems.items() if wrong})


_CAMPAIGN = {"campaign_id": UUID}
RPC: dict[str, Call] = {
    "follow_up_campaign": Call(FollowUpRequest, Campaign, path=_CAMPAIGN),
    "boost_campaign": Call(BoosterRequest, Campaign, path=_CAMPAIGN),
}
