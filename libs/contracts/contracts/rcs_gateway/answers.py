"""Messages from phones: what people answer to an account's agents, and what they tap."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from marshmallow import fields, validate, validates_schema

from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, Word, broken_rule, page_of, plain_text
from contracts.vocabulary import Wish


class Said(StrEnum):
    """What a person has sent."""

    TEXT = "text"
    TAP = "tap"
    LOCATION = "location"
    FILE = "file"
    SUBSCRIPTION = "subscription"  # by the phone's own menu: `wish` says which


class InboundRcs(Schema):
    """A message from a phone, in the shape of those of `GET /v1/inbound-sms`.

    `message_id` and `campaign_id`: the message that it answers, and the campaign of that; null where none was sent to
    the phone from this agent. `wish`: what it says about further messages, null where it says nothing.
    """

    id = fields.UUID()
    from_ = fields.String(data_key="from", attribute="phone")
    to = fields.String(attribute="agent", metadata={"description": "the name of the agent"})
    kind = Word(Said)
    text = fields.String(allow_none=True, metadata={"description": "what was written; of a tap what it said"})
    postback = fields.String(allow_none=True, metadata={"description": "of the suggestion that was tapped"})
    details = fields.Dict(
        keys=fields.String(), allow_none=True,
        metadata={"description": "latitude and longitude, or the address, name and type of a file"},
    )  # fmt: skip
    received_at = fields.AwareDateTime()
    message_id = fields.UUID(allow_none=True)
    campaign_id = fields.UUID(allow_none=True)
    wish = Word(Wish, allow_none=True)


class InboundRcsQuery(PageQuery):
    """Query of `GET /v1/inbound-rcs`; `from` and `to` bound when a message came."""

    phone = fields.String(validate=[validate.Length(min=1, max=20), plain_text])
    agent = fields.String(validate=[validate.Length(min=1, max=20), plain_text])
    campaign_id = fields.UUID()
    wish = fields.Enum(Wish, by_value=True)
    q = fields.String(
        validate=[validate.Length(min=1, max=100), plain_text],
        metadata={"description": "what stands somewhere in the text, in capitals or not"},
    )
    since = fields.AwareDateTime(data_key="from")
    until = fields.AwareDateTime(data_key="to")

    @validates_schema
    def _in_order(self, query: dict[str, Any], **_: Any) -> None:
        since, until = query.get("since"), query.get("until")
        if since is not None and until is not None and since > until:
            raise broken_rule("period.invalid", "Must not be before `from`.", "to")


RPC = {"list_inbound_rcs": Call(InboundRcsQuery, page_of(InboundRcs))}
