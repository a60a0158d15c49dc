"""What every channel answers, under one set of names, and the table of what differs between channels.

A channel's gateway declares its calls with `channel_calls`; `tests/contract/test_channels.py` asks every channel for
all of them. Whoever works with channels without being one looks into `CHANNELS`, and needs no change when one is added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

import marshmallow
from marshmallow import fields, validate

from contracts.privacy import PersonAsked, PersonForgotten, PersonRecords, PersonToErase
from contracts.rpc import Call
from contracts.schema import Schema
from contracts.vocabulary import Channel, Lane, MessageState

TEST_ADDRESSES_MAX = 20
RECIPIENTS_MAX = 1_000  # of one request
CHECKED_MAX = 20  # recipients for whom a content is shown
TRIED_MAX = 200  # recipients that a content is tried with


@dataclass(frozen=True, kw_only=True)
class ChannelFacts:
    """What others need to know of a channel.

    :param address_field: the contact's field that holds its address on this channel.
    :param sample_address: stands for a recipient's in a preview without a contact.
    :param required_content: keys that a campaign's content must have before it can be sent, of each group one.
    :param own_variables: what the channel fills in by itself: no contact has such fields.
    :param quota: the plan's feature that its messages are counted in.
    :param units_differ: whether one message may take more units of it than another: an SMS takes one for each part.
    :param attaches_files: whether a campaign's messages may carry files: the channel answers `attach_files`.
    :param lanes: in the order in which they are served.
    :param reach_seconds: how far ahead of the channel a campaign may be, in seconds of its pace, and
    :param reach_least: at least so many recipients. What is in flight must be put off after a pause, so a channel that
        answers in milliseconds is given little at a time; a reach below the channel's own latency would choke it.
    :param tells_delivery: whether it is ever told that a message is on the person's device: to a push the provider's
        taking it is the last that is known.
    :param tells_reading: whether it is ever told that a person has opened or read a message.
    :param takes_answers: whether people write back on it, which webhooks are told as `<channel>.received`.
    :param takes_back: whether it can take back what it has handed over and nobody has yet. What waits at the channel
        itself every channel takes back (`revoke_message`).
    :param needs_opt_in: whether even a message of a transaction takes the person's own consent: WhatsApp's and RCS's
        policies say so, and a device's owner allows notifications; SMS and e-mail go to whoever has not said no.
    :param unreachable: codes of failed messages that say: this person cannot be reached on this channel at all.
    :param recipient_key: what holds the address of a recipient of a single send; None where it is the address itself.
    """

    service: str
    address_field: str
    sample_address: str
    required_content: tuple[tuple[str, ...], ...]
    own_variables: frozenset[str]
    quota: str
    units_differ: bool = False
    attaches_files: bool = False
    lanes: tuple[Lane, ...]
    reach_seconds: float
    reach_least: int
    tells_delivery: bool = True
    tells_reading: bool = False
    takes_answers: bool = False
    takes_back: bool = False
    needs_opt_in: bool = False
    unreachable: frozenset[str] = frozenset()
    recipient_key: str | None = None

    def call(self, method: str) -> str:
        """The full name of one of the channel's calls: `sms_gateway.prepare_content`."""
        return f"{self.service}.{method}"


CHANNELS: Mapping[Channel, ChannelFacts] = MappingProxyType(
    {
        Channel.SMS: ChannelFacts(
            service="sms_gateway",
            address_field="phone",
            sample_address="+48500000000",
            required_content=(("text",),),
            own_variables=frozenset(),
            quota="sms",
            units_differ=True,
            takes_answers=True,
            lanes=(Lane.OTP, Lane.TRANSACTIONAL, Lane.BULK),
            reach_seconds=3.0,
            reach_least=500,
        ),
        Channel.EMAIL: ChannelFacts(
            service="email_gateway",
            address_field="email",
            sample_address="anna@example.com",
            required_content=(("subject",), ("html", "mjml")),
            own_variables=frozenset({"unsubscribe_url"}),
            quota="email",
            attaches_files=True,
            lanes=(Lane.TRANSACTIONAL, Lane.BULK),
            reach_seconds=10.0,
            reach_least=2_000,
            tells_reading=True,
            recipient_key="email",
        ),
        Channel.PUSH: ChannelFacts(
            service="push_gateway",
            address_field="push",
            sample_address="0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b40",
            required_content=(("body", "data"),),
            own_variables=frozenset(),
            quota="push",
            lanes=(Lane.TRANSACTIONAL, Lane.BULK),
            reach_seconds=5.0,
            reach_least=1_000,
            tells_delivery=False,
            tells_reading=True,
            needs_opt_in=True,
            unreachable=frozenset({"push.no_device"}),
        ),
        Channel.WHATSAPP: ChannelFacts(
            service="ott_gateway",
            address_field="phone",
            sample_address="+48500000000",
            required_content=(("template", "text", "media"),),
            own_variables=frozenset(),
            quota="whatsapp",
            lanes=(Lane.TRANSACTIONAL, Lane.BULK),
            reach_seconds=5.0,
            reach_least=500,
            tells_reading=True,
            takes_answers=True,
            needs_opt_in=True,
            unreachable=frozenset(
                {"whatsapp.131026", "whatsapp.131047", "whatsapp.131050"}
            ),  # none there, no window, said no
        ),
        Channel.VIBER: ChannelFacts(
            service="viber_gateway",
            address_field="viber",
            sample_address="0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b40",
            required_content=(("text", "picture"),),
            own_variables=frozenset(),
            quota="viber",
            lanes=(Lane.TRANSACTIONAL, Lane.BULK),
            reach_seconds=5.0,
            reach_least=500,
            tells_reading=True,
            takes_answers=True,
            needs_opt_in=True,
            unreachable=frozenset({"viber.no_subscriber", "viber.5", "viber.6"}),  # nobody, no such person, gone
        ),
        Channel.RCS: ChannelFacts(
            service="rcs_gateway",
            address_field="phone",
            sample_address="+48500000000",
            required_content=(("kind",),),
            own_variables=frozenset(),
            quota="rcs",
            lanes=(Lane.TRANSACTIONAL, Lane.BULK),
            reach_seconds=5.0,
            reach_least=1_000,
            tells_reading=True,
            takes_answers=True,
            takes_back=True,
            needs_opt_in=True,
            unreachable=frozenset({"rcs.not_reachable"}),
        ),
    }
)


class PrepareContent(Schema):
    """Check sender and content, and keep both, immutable, under their hash.

    Each channel's own names the schema of its `content`; `sender` is the campaign's, as its channel writes it.
    """

    sender = fields.Raw(load_default=None, allow_none=True)
    kind = fields.String(load_default="campaign", validate=validate.OneOf(("campaign", "transactional")))
    recipients = fields.List(
        fields.Dict(keys=fields.String()),
        load_default=list,
        validate=validate.Length(max=TRIED_MAX),
        metadata={"description": "fields of some recipients, for each of whom the message is made as if it left"},
    )


class ContentProblem(Schema):
    field = fields.String()
    code = fields.String()
    detail = fields.String()
    hits = fields.List(
        fields.Integer(), metadata={"description": "places in `recipients`; none where it concerns everybody"}
    )


class PreparedContent(Schema):
    """Problems, or the hash by which the content is known from now on."""

    content_hash = fields.String(allow_none=True, metadata={"description": "null where there are problems"})
    variables = fields.List(fields.String())
    problems = fields.List(fields.Nested(ContentProblem))
    tried = fields.Integer(
        metadata={"description": "how many of `recipients`, from the first on, it was made for in the time there was"}
    )
    units = fields.Integer(
        metadata={
            "description": "units of the channel's quota that one recipient takes: the most of those it was made for"
        }
    )


class RenderPreview(Schema):
    """The content as one recipient with these fields would get it."""

    content_hash = fields.String(required=True, validate=validate.Length(equal=64))
    fields_ = fields.Dict(keys=fields.String(), data_key="fields", load_default=dict)
    address = fields.String(load_default=None, allow_none=True)


class CheckContent(Schema):
    """Look at a content that need not be whole, and keep nothing; each channel's own names the schema of `content`."""

    recipients = fields.List(
        fields.Dict(keys=fields.String()),
        load_default=list,
        validate=validate.Length(max=CHECKED_MAX),
        metadata={"description": "fields of some recipients, for each of whom it is rendered"},
    )


class Advice(Schema):
    """What is worth mending, though nothing forbids to send it."""

    field = fields.String(metadata={"description": "of the content"})
    code = fields.String()
    detail = fields.String()


class CheckedContent(Schema):
    """A content as it would be sent, and what is to be said of it."""

    content = fields.Dict(
        keys=fields.String(), metadata={"description": "with what the channel made of it: an e-mail's html of MJML"}
    )
    variables = fields.List(fields.String())
    problems = fields.List(fields.Nested(ContentProblem), metadata={"description": "for which it would be refused"})
    advice = fields.List(fields.Nested(Advice))
    figures = fields.Dict(keys=fields.String())
    rendered = fields.List(
        fields.Dict(keys=fields.String()),
        metadata={"description": "as each of `recipients` would get it; only `problem` where it cannot be rendered"},
    )


class SendTest(Schema):
    """A content that was prepared before, to chosen addresses; each channel's own checks them."""

    content_hash = fields.String(required=True, validate=validate.Length(equal=64))
    fields_ = fields.Dict(keys=fields.String(), data_key="fields", load_default=dict)
    campaign_id = fields.UUID(allow_none=True, load_default=None)  # whose content it is; older campaigns do not say


class AcceptedMessage(Schema):
    id = fields.UUID()
    to = fields.String()


class AcceptedMessages(Schema):
    messages = fields.List(fields.Nested(AcceptedMessage))


class MessageSummary(Schema):
    """What every channel says of one message; each adds its own."""

    id = fields.UUID()
    to = fields.String()
    state = fields.Enum(MessageState, by_value=True)
    code = fields.String(allow_none=True)
    external_id = fields.String(allow_none=True)


class TakenBack(Schema):
    """Whether a message will not leave any more, or was taken back before the person had it; and its state now."""

    revoked = fields.Boolean(allow_none=True, metadata={"description": "null while the provider is being asked"})
    state = fields.Enum(MessageState, by_value=True)


class MessagesToTakeBack(Schema):
    """Messages of any kind whose time is over. `is_wanted_back`: take back what can be; else only how they stand."""

    message_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=RECIPIENTS_MAX))
    is_wanted_back = fields.Boolean(load_default=True)


class MessageTakenBack(TakenBack):
    id = fields.UUID()
    code = fields.String(allow_none=True)


class MessagesTakenBack(Schema):
    """Those of the account that the channel knows of, each as it is now."""

    messages = fields.List(fields.Nested(MessageTakenBack))


class CampaignToCount(Schema):
    """`deferred` is how many waited at the last answer: where it is still so many, the others are not counted anew.

    Counted are the numbers above `after`, up to `recipients`: a large campaign is counted in slices.
    """

    campaign_id = fields.UUID(required=True)
    send_id = fields.UUID(required=True)
    after = fields.Integer(load_default=0, validate=validate.Range(min=0))
    recipients = fields.Integer(required=True, validate=validate.Range(min=0))
    deferred = fields.Integer(load_default=None, allow_none=True)


class CampaignCounts(Schema):
    """Of the recipients that came to the channel; what waits or is being tried again is `deferred`.

    What was handed over counts as submitted whatever its receipt says.
    """

    submitted = fields.Integer(allow_none=True, metadata={"description": "handed over; null where not counted anew"})
    failed = fields.Integer(allow_none=True, metadata={"description": "never handed over; null where not counted anew"})
    left_out = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        allow_none=True,
        metadata={"description": "not sent to, by `LeftOut`; null where not counted anew"},
    )
    deferred = fields.Integer()
    after = fields.Integer(metadata={"description": "as it was asked; a channel of before counts from the first on"})
    units = fields.Integer(
        allow_none=True,
        metadata={"description": "of the channel's quota, that the submitted took; null where not counted anew"},
    )


def channel_calls(
    *,
    content: type[marshmallow.Schema],
    address: fields.Field[Any],
    preview: type[marshmallow.Schema],
    send: type[marshmallow.Schema],
    accepted: type[marshmallow.Schema] = AcceptedMessages,
    message: type[marshmallow.Schema] = MessageSummary,
    prepared: type[PreparedContent] = PreparedContent,
) -> dict[str, Call]:
    """The calls that every channel answers.

    :param content: of a campaign, as a person writes it. :param address: of a recipient.
    :param send: of a request for single messages. :param accepted: its answer, `{"messages": [{id, to, …}]}`.
    :param message: one message and what became of it.
    """
    name = content.__name__
    own: dict[str, Any] = {"content": fields.Nested(content, required=True)}
    given = fields.Dict(keys=fields.String(), required=True)  # drafts lack what a content needs
    addresses = fields.List(address, required=True, validate=validate.Length(min=1, max=TEST_ADDRESSES_MAX))
    return {
        "prepare_content": Call(type(f"Prepare{name}", (PrepareContent,), own), prepared),
        "render_preview": Call(RenderPreview, preview),
        "check_content": Call(type(f"Check{name}", (CheckContent,), {"content": given}), CheckedContent),
        "send_test": Call(type(f"Test{name}", (SendTest,), {"addresses": addresses}), accepted),
        "send_messages": Call(send, accepted, gathered=True),
        "check_message": Call(send),
        "get_message": Call(None, message, path={"message_id": UUID}),
        "revoke_message": Call(None, TakenBack, path={"message_id": UUID}),
        "take_back_messages": Call(MessagesToTakeBack, MessagesTakenBack),
        "count_campaign": Call(CampaignToCount, CampaignCounts),
        "export_person": Call(PersonAsked, PersonRecords),
        "erase_person": Call(PersonToErase, PersonForgotten),
    }
