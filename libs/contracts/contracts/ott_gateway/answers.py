"""What people wrote to an account's WhatsApp numbers."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.rpc import Call
from contracts.schema import PHONE, PageQuery, Schema, Word, page_of
from contracts.vocabulary import Wish


class InboundWhatsapp(Schema):
    """A message from a person. `kind` is WhatsApp's word: text, button, interactive, image, …"""

    id = fields.UUID()
    from_ = fields.String(data_key="from", attribute="from")
    sender = fields.String(metadata={"description": "the name of the number that was written to"})
    kind = fields.String()
    text = fields.String(allow_none=True, metadata={"description": "what was written, or the title of what was tapped"})
    payload = fields.String(allow_none=True, metadata={"description": "of the button that was tapped: its id"})
    message_id = fields.UUID(allow_none=True, metadata={"description": "the message that it answers"})
    wish = Word(Wish, allow_none=True)
    received_at = fields.AwareDateTime()


class InboundWhatsappQuery(PageQuery):
    phone = fields.String(validate=PHONE)
    q = fields.String(validate=validate.Length(min=1, max=100), metadata={"description": "what the text has anywhere"})


RPC: dict[str, Call] = {"list_inbound": Call(InboundWhatsappQuery, page_of(InboundWhatsapp))}
