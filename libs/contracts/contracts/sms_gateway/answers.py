"""Messages from phones: what people answer to an account's numbers."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate, validates_schema

from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, Word, broken_rule, page_of
from contracts.vocabulary import Wish


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


class InboundSmsQuery(PageQuery):
    """Query of `GET /v1/inbound-sms`; `from` and `to` bound when a message came."""

    phone = fields.String(validate=validate.Length(min=1, max=20))
    number = fields.String(validate=validate.Length(min=1, max=20))
    campaign_id = fields.UUID()
    wish = fields.Enum(Wish, by_value=True)
    since = fields.AwareDateTime(data_key="from")
    until = fields.AwareDateTime(data_key="to")

    @validates_schema
    def _in_order(self, query: dict[str, Any], **_: Any) -> None:
        since, until = query.get("since"), query.get("until")
        if since is not None and until is not None and since > until:
            raise broken_rule("period.invalid", "Must not be before `from`.", "to")


RPC = {"list_inbound_sms": Call(InboundSmsQuery, page_of(InboundSms))}
