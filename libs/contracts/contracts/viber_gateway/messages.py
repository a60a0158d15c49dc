"""Single Viber messages, and what every channel answers."""

from __future__ import annotations

import re
from typing import ClassVar

from marshmallow import fields, validate

from contracts.channel import RECIPIENTS_MAX, MessageSummary, channel_calls
from contracts.schema import plain_text
from contracts.viber_gateway.contents import ViberContent, ViberPreview
from contracts.webhook_urls import of_send_field

SENDER_MAX = 20
# A person is known to Viber by an id that the bot alone has: what a message is addressed to is the contact.
VIBER_ADDRESS = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")


def address_field() -> fields.String:
    """A contact's `viber`."""
    return fields.String(
        validate=validate.Regexp(VIBER_ADDRESS, error="Not a valid address: a contact's id in lower case."),
        metadata={"description": "a contact's `viber`"},
    )


class ViberCreate(ViberContent):
    """Say one thing to up to 1,000 contacts. The text is what it is, not a template over fields."""

    also_named: ClassVar = {"sender": "from", "content": ""}

    from_ = fields.String(
        required=True, data_key="from", attribute="from", validate=validate.Length(min=1, max=SENDER_MAX),
        metadata={"description": "the name of one of the account's Viber bots"},
    )  # fmt: skip
    to = fields.List(address_field(), required=True, validate=validate.Length(1, RECIPIENTS_MAX))
    external_id = fields.String(load_default=None, allow_none=True, validate=[validate.Length(max=100), plain_text])
    webhook_url = of_send_field()


class ViberMessage(MessageSummary):
    """One message and what became of it; `read_at` where the person has seen it."""

    campaign_id = fields.UUID(allow_none=True)
    read_at = fields.AwareDateTime(allow_none=True)


RPC = channel_calls(
    content=ViberContent, address=address_field(), preview=ViberPreview, send=ViberCreate, message=ViberMessage
)
