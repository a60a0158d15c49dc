"""Single pushes, and what every channel answers."""

from __future__ import annotations

from typing import ClassVar

from marshmallow import fields, validate

from contracts.channel import RECIPIENTS_MAX, channel_calls
from contracts.push_gateway.addresses import address_field
from contracts.push_gateway.contents import PushContent, PushPreview
from contracts.schema import plain_text
from contracts.webhook_urls import of_send_field


class PushCreate(PushContent):
    """Say one thing to up to 1,000 contacts, devices or topics. Title and body are what they are, not templates."""

    also_named: ClassVar = {"sender": "from", "content": ""}

    from_ = fields.String(
        required=True, data_key="from", attribute="from", validate=validate.Length(min=1, max=20),
        metadata={"description": "the name of the application"},
    )  # fmt: skip
    to = fields.List(address_field(), required=True, validate=validate.Length(1, RECIPIENTS_MAX))
    external_id = fields.String(load_default=None, allow_none=True, validate=[validate.Length(max=100), plain_text])
    webhook_url = of_send_field()


RPC = channel_calls(content=PushContent, address=address_field(), preview=PushPreview, send=PushCreate)
