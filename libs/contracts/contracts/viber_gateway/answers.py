"""What people wrote to an account's Viber bots."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, Word, page_of
from contracts.vocabulary import Wish


class InboundViber(Schema):
    """A message from a person. `kind` is Viber's word: text, picture, location, contact, …; `tap` of our buttons."""

    id = fields.UUID()
    from_ = fields.String(
        data_key="from", attribute="from", metadata={"description": "the contact; else Viber's id of the person"}
    )
    contact_id = fields.UUID(allow_none=True)
    sender = fields.String(metadata={"description": "the name of the bot that was written to"})
    kind = fields.String()
    text = fields.String(allow_none=True, metadata={"description": "what was written, or the text of what was tapped"})
    payload = fields.String(allow_none=True, metadata={"description": "of the button that was tapped"})
    message_id = fields.UUID(allow_none=True, metadata={"description": "the message that it answers"})
    wish = Word(Wish, allow_none=True)
    received_at = fields.AwareDateTime()


class InboundViberQuery(PageQuery):
    contact_id = fields.UUID()
    q = fields.String(validate=validate.Length(min=1, max=100), metadata={"description": "what the text has anywhere"})


RPC: dict[str, Call] = {"list_inbound": Call(InboundViberQuery, page_of(InboundViber))}
