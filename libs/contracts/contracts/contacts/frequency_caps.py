"""How many campaign messages a person gets within some days, over all channels; and what an audience comes to."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.contacts.audiences import AudienceCount
from contracts.rpc import Call
from contracts.schema import Schema

MESSAGES_MAX, DAYS_MAX = 100, 90


class FrequencyCap(Schema):
    """At most `messages` campaign messages to a person in `days` days (UTC, today among them), over all channels."""

    messages = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=MESSAGES_MAX))
    days = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=DAYS_MAX))


class FrequencyCapSetting(Schema):
    """Null: none."""

    cap = fields.Nested(FrequencyCap, required=True, allow_none=True)


class AudienceBreakdown(Schema):
    """Contacts in the groups and segments of an audience; each is in one of the figures below `total`.

    With `also_on`: who is reached on one of the channels at least, and of the others why on none.
    """

    total = fields.Integer(metadata={"description": "In any of its groups or segments"})
    reachable = fields.Integer(metadata={"description": "Would be sent to now"})
    excluded = fields.Integer(metadata={"description": "In an excluded group or segment"})
    without_address = fields.Integer(metadata={"description": "Of the others: without an address on the channels"})
    archived = fields.Integer(metadata={"description": "Of the others: each address on the channels is in the archive"})
    without_consent = fields.Integer(metadata={"description": "Of the others: no consent for a channel that is left"})
    capped = fields.Integer(
        metadata={"description": "Of the others: they have had as many messages as the frequency cap allows"}
    )
    not_proved = fields.Integer(
        metadata={
            "description": "Of the others, while the account is on trial: an address that it has not proved. A campaign"
            " to any of them is refused (`account.on_trial`)"
        }
    )


RPC: dict[str, Call] = {
    "get_frequency_cap": Call(None, FrequencyCapSetting),
    "set_frequency_cap": Call(FrequencyCapSetting, FrequencyCapSetting, edits=FrequencyCapSetting),
    "break_down_audience": Call(AudienceCount, AudienceBreakdown),
}
