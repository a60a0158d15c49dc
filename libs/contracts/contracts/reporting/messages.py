"""The message log: every message, its states, and what people did with it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate, validates_schema

from contracts.campaigns.chains import MessageChain
from contracts.money import Money
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, broken_rule, code_meaning, page_of
from contracts.vocabulary import Channel, MessageState


class MessageQuery(PageQuery):
    """Query of `GET /v1/messages`; `from` and `to` bound when a message was accepted, names and `q` may be a part."""

    channel = fields.Enum(Channel, by_value=True)
    address = fields.String(validate=validate.Length(min=1, max=320))
    state = fields.Enum(MessageState, by_value=True)
    since = fields.AwareDateTime(data_key="from")
    until = fields.AwareDateTime(data_key="to")
    campaign_id = fields.UUID()
    campaign_name = fields.String(validate=validate.Length(min=1, max=200))
    q = fields.String(validate=validate.Length(min=2, max=100))
    external_id = fields.String(validate=validate.Length(min=1, max=100))
    subject = fields.String(validate=validate.Length(min=1, max=998))
    tag = fields.String(validate=validate.Length(min=1, max=64))
    submitter_id = fields.UUID(
        metadata={"description": "Who handed single messages in: an API key, a user, an SMTP or an SMPP account"}
    )
    test_of = fields.UUID(metadata={"description": "A campaign: the tests that were sent of it"})

    @validates_schema
    def _of_single_messages(self, query: dict[str, Any], **_: Any) -> None:
        if {"external_id", "subject", "tag", "submitter_id", "test_of"} & query.keys() and {
            "campaign_id",
            "campaign_name",
        } & query.keys():
            raise broken_rule(
                "query.single_messages", "Single messages alone have labels, no campaign's.", "campaign_id"
            )

    @validates_schema
    def _in_order(self, query: dict[str, Any], **_: Any) -> None:
        since, until = query.get("since"), query.get("until")
        if since is not None and until is not None and since > until:
            raise broken_rule("period.invalid", "Must not be before `from`.", "to")


class Message(Schema):
    """One message as it stands."""

    id = fields.UUID()
    channel = fields.Enum(Channel, by_value=True)
    campaign_id = fields.UUID(allow_none=True)
    contact_id = fields.UUID(allow_none=True)
    address = fields.String(allow_none=True, metadata={"description": "`erased` where the person was erased since"})
    sender = fields.String(allow_none=True)
    domain = fields.String(allow_none=True, metadata={"description": "Domain of the address, or the phone's network"})
    state = fields.Enum(MessageState, by_value=True, allow_none=True)
    state_at = fields.AwareDateTime(allow_none=True)
    code = fields.String(allow_none=True, metadata={"description": "The carrier's or server's code"})
    detail = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    submitted_at = fields.AwareDateTime(allow_none=True)
    delivered_at = fields.AwareDateTime(allow_none=True)
    parts = fields.Integer(allow_none=True)
    cost = fields.Nested(Money, allow_none=True)
    opens = fields.Integer()
    opened_at = fields.AwareDateTime(allow_none=True)
    clicks = fields.Integer()
    clicked_at = fields.AwareDateTime(allow_none=True)
    unsubscribed_at = fields.AwareDateTime(allow_none=True)
    complained_at = fields.AwareDateTime(allow_none=True)


class MessageMoment(Schema):
    """A point of a message's time line: a state, or something that a person did."""

    at = fields.AwareDateTime()
    kind = fields.String(
        metadata={"description": "A message state, or opened, clicked, answered, dismissed, unsubscribed, complained"}
    )
    text = fields.String(metadata={"description": "The same in words, in the language of `Accept-Language`"})
    code = fields.String(allow_none=True)
    meaning = code_meaning()
    detail = fields.String(allow_none=True)
    peer = fields.String(
        allow_none=True, metadata={"description": "Who answered: the mail server's host, or the carrier"}
    )
    url = fields.String(allow_none=True)
    ip = fields.String(allow_none=True)
    user_agent = fields.String(allow_none=True)
    step = fields.Integer(
        allow_none=True, metadata={"description": "Of a message over several channels: on which of its steps"}
    )
    machine = fields.String(
        allow_none=True,
        metadata={"description": "How a machine was known: `apple-mail-privacy`, `burst`, …; null: a person did it"},
    )


class MessageStory(Message):
    """One message with its time line."""

    timeline = fields.List(fields.Nested(MessageMoment))


class AnyMessage(MessageStory):
    """A message of the log; or one over several channels, as it stands on the channel that has reached the person, or
    that it is on, with what happened on all of them in one time line."""

    meaning = code_meaning()
    chain = fields.Nested(MessageChain, allow_none=True, metadata={"description": "null: of one channel"})


class MessagesToFind(Schema):
    message_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=1_000))


class MessagesRead(Schema):
    """Those of them that a person has opened or followed a link of, and no machine; those that the log does not have
    yet are not among the `known`."""

    read = fields.List(fields.UUID())
    known = fields.List(fields.UUID())


MessagePage = page_of(Message)

RPC: dict[str, Call] = {
    "list_messages": Call(MessageQuery, MessagePage),
    "get_message": Call(response=MessageStory, path={"message_id": UUID}),
    "find_read": Call(MessagesToFind, MessagesRead),
}
