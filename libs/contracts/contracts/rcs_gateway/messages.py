"""Single RCS messages, and what every channel answers."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from marshmallow import fields, validate

from contracts.channel import RECIPIENTS_MAX, MessageSummary, TakenBack, channel_calls
from contracts.rcs_gateway.contents import RcsContent, RcsPreview
from contracts.rpc import Call
from contracts.schema import PHONE, Schema, plain_text
from contracts.webhook_urls import of_send_field


class RcsCreate(RcsContent):
    """Say one thing to up to 1,000 numbers. Texts are what they are, not templates."""

    also_named: ClassVar = {"sender": "from", "content.": ""}

    from_ = fields.String(
        required=True, data_key="from", attribute="from", validate=validate.Length(min=1, max=20),
        metadata={"description": "the name of the agent"},
    )  # fmt: skip
    to = fields.List(fields.String(validate=PHONE), required=True, validate=validate.Length(1, RECIPIENTS_MAX))
    external_id = fields.String(load_default=None, allow_none=True, validate=[validate.Length(max=100), plain_text])
    webhook_url = of_send_field()


class RcsMessage(MessageSummary):
    """One message and what became of it."""

    from_ = fields.String(data_key="from", attribute="from", allow_none=True)
    campaign_id = fields.UUID(allow_none=True)
    revocation = fields.String(
        allow_none=True,
        metadata={"description": "waiting, revoked or too_late, where it was asked to be taken back"},
    )


class RcsTakenBack(RcsMessage, TakenBack):
    """One message that was asked to be taken back."""


class Revoke(Schema):
    """Take messages back that have not been delivered."""

    message_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(1, RECIPIENTS_MAX))


class Revoked(Schema):
    messages = fields.List(fields.Nested(RcsMessage))


RPC: dict[str, Call] = {
    **channel_calls(
        content=RcsContent, address=fields.String(validate=PHONE), preview=RcsPreview, send=RcsCreate,
        message=RcsMessage,
    ),
    "revoke_message": Call(None, RcsTakenBack, path={"message_id": UUID}),
    "revoke_messages": Call(Revoke, Revoked),
}  # fmt: skip
