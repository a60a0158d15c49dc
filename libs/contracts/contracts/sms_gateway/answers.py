"""Messages from phones: what people answer to an account's numbers."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate, validates_schema

from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, Word, broken_rule, page_of, plain_text
from contracts.vocabulary import Direction, MessageState, Wish


class InboundSms(Schema):
    """A message from a phone. `text` is null where the octets (hex) are no plain text.

    `message_id` and `campaign_id`: the message that it answers, and the campaign of that; null where none was sent to
    the phone from this number. `wish`: what it says about further messages, null where it says nothing.
    """

    id = fields.UUID()
    from_ = fields.String(data_key="from", attribute="source")
    to = fields.String(attribute="destination")
    text = fields.String(allow_none=True)
    data_coding = fields.Integer()
    octets = fields.String(metadata={"description": "as they came, in hex"})
    received_at = fields.AwareDateTime()
    message_id = fields.UUID(allow_none=True)
    campaign_id = fields.UUID(allow_none=True)
    wish = Word(Wish, allow_none=True)
    parts = fields.Integer(metadata={"description": "how many it was sent in"})
    missing_parts = fields.List(
        fields.Integer(), metadata={"description": "numbers of the parts that never came; `text` is without them"}
    )


def _number_field(**rules: Any) -> fields.String:
    return fields.String(validate=[validate.Length(min=1, max=20), plain_text], **rules)


def _q() -> fields.String:
    return fields.String(
        validate=[validate.Length(min=1, max=100), plain_text],
        metadata={"description": "what stands somewhere in the text, in capitals or not"},
    )


class InboundSmsQuery(PageQuery):
    """Query of `GET /v1/inbound-sms`; `from` and `to` bound when a message came."""

    phone = _number_field()
    number = _number_field()
    campaign_id = fields.UUID()
    wish = fields.Enum(Wish, by_value=True)
    q = _q()
    since = fields.AwareDateTime(data_key="from")
    until = fields.AwareDateTime(data_key="to")

    @validates_schema
    def _in_order(self, query: dict[str, Any], **_: Any) -> None:
        since, until = query.get("since"), query.get("until")
        if since is not None and until is not None and since > until:
            raise broken_rule("period.invalid", "Must not be before `from`.", "to")


class ConversationsQuery(PageQuery):
    """Query of `GET /v1/inbound-sms/conversations`."""

    phone = _number_field()
    number = _number_field()
    q = _q()


class ConversationQuery(PageQuery):
    """Query of `GET /v1/inbound-sms/conversation`: whose it is, and with which of the account's numbers."""

    phone = _number_field(required=True)
    number = _number_field()


class Said(Schema):
    """Something that was said in a conversation. `text` of a campaign's message is null: see the campaign.

    `message_id`: of one that was sent, its own; of one that was received, that of the message it answers.
    """

    id = fields.UUID()
    direction = Word(Direction)
    at = fields.AwareDateTime()
    phone = fields.String()
    number = fields.String()
    text = fields.String(allow_none=True)
    message_id = fields.UUID(allow_none=True)
    campaign_id = fields.UUID(allow_none=True)
    state = Word(MessageState, allow_none=True, metadata={"description": "what became of one that was sent"})
    is_automatic = fields.Boolean(metadata={"description": "whether a keyword or a STOP was answered with it"})
    wish = Word(Wish, allow_none=True)
    missing_parts = fields.List(fields.Integer())


RPC = {
    "list_inbound_sms": Call(InboundSmsQuery, page_of(InboundSms)),
    "list_conversations": Call(ConversationsQuery, page_of(InboundSms)),
    "list_conversation": Call(ConversationQuery, page_of(Said)),
}
