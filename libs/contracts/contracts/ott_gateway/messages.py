"""Single WhatsApp messages, and what every channel answers."""

from __future__ import annotations

from typing import ClassVar

from marshmallow import fields, validate

from contracts.channel import RECIPIENTS_MAX, MessageSummary, channel_calls
from contracts.ott_gateway.contents import WhatsappContent, WhatsappPreview
from contracts.schema import PHONE, plain_text
from contracts.webhook_urls import of_send_field

SENDER_MAX = 20


class WhatsappCreate(WhatsappContent):
    """Say one thing to up to 1,000 numbers. Texts are what they are, not templates over fields."""

    also_named: ClassVar = {"sender": "from", "content": ""}

    from_ = fields.String(
        required=True, data_key="from", attribute="from", validate=validate.Length(min=1, max=SENDER_MAX),
        metadata={"description": "the name of one of the account's WhatsApp numbers"},
    )  # fmt: skip
    to = fields.List(fields.String(validate=PHONE), required=True, validate=validate.Length(1, RECIPIENTS_MAX))
    external_id = fields.String(load_default=None, allow_none=True, validate=[validate.Length(max=100), plain_text])
    webhook_url = of_send_field()


class WhatsappMessage(MessageSummary):
    """One message and what became of it; `read_at` where the person lets others know."""

    campaign_id = fields.UUID(allow_none=True)
    read_at = fields.AwareDateTime(allow_none=True)


RPC = channel_calls(
    content=WhatsappContent,
    address=fields.String(validate=PHONE),
    preview=WhatsappPreview,
    send=WhatsappCreate,
    message=WhatsappMessage,
)
