"""What all campaigns of an account keep to."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.campaigns.quiet_hours import QuietHours
from contracts.rpc import Call
from contracts.schema import Schema


class CampaignRules(Schema):
    """What is null does not hold."""

    quiet_hours = fields.Nested(
        QuietHours, required=True, allow_none=True, metadata={"description": "Beside each campaign's own"}
    )
    approval_above = fields.Integer(
        required=True,
        allow_none=True,
        strict=True,
        validate=validate.Range(min=0, max=2**31 - 1),
        metadata={"description": "A campaign to more recipients goes out only after a second person approved it"},
    )


RPC: dict[str, Call] = {
    "get_campaign_rules": Call(None, CampaignRules),
    "set_campaign_rules": Call(CampaignRules, CampaignRules, edits=CampaignRules),
}
