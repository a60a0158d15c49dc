"""One message over several channels: what is asked for, and what became of each step.

A step's `from` and `content` are what a single message of its channel takes (`POST /v1/sms`, `POST /v1/emails`, …);
they are read by the channel's own schema, so that a channel that is added to `CHANNELS` can be a step.
"""

from __future__ import annotations

import copy
import importlib
from collections.abc import Mapping
from functools import cache
from typing import Any
from uuid import UUID

import marshmallow
from marshmallow import fields, validate, validates_schema

from contracts.campaigns.content import sender_problems
from contracts.campaigns.quiet_hours import QuietHours
from contracts.channel import CHANNELS
from contracts.money import Money
from contracts.privacy import PersonAsked, PersonForgotten, PersonRecords, PersonToErase
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, Word, broken_rule, code_meaning, page_of, plain_text, rule
from contracts.vocabulary import ChainState, Channel, StepState
from contracts.webhook_urls import of_send_field

STEPS_MIN, STEPS_MAX = 2, 5
MINUTES_MAX, HOURS_MAX = 4_320, 168
# Of a channel's single send, what the chain says for all its steps, or what is none of one person's message.
_OF_THE_CHAIN = frozenset({"from", "to", "cc", "bcc", "external_id", "schedule_at", "webhook_url"})


@cache
def send_schema(channel: Channel) -> type[marshmallow.Schema]:
    """The schema of a channel's request for single messages."""
    service, _, method = CHANNELS[channel].call("send_messages").rpartition(".")
    call: Call = importlib.import_module(f"contracts.{service}").RPC[method]
    assert call.request is not None
    return call.request


def send_of(channel: Channel, step: Mapping[str, Any], address: str) -> dict[str, Any]:
    """The request by which a channel sends the step to one address."""
    key = CHANNELS[channel].recipient_key
    return {**step["content"], "from": step["sender"], "to": [address if key is None else {key: address}]}


def _content_schema(channel: Channel) -> type[Schema]:
    """What a step of the channel says."""
    declared = send_schema(channel)._declared_fields
    said = {name: copy.copy(field) for name, field in declared.items() if (field.data_key or name) not in _OF_THE_CHAIN}
    return type(f"{channel.capitalize()}StepContent", (Schema,), said)


def _sender_schemas() -> tuple[Any, ...]:
    """What `from` may be, by channel: a text, or an object such as e-mail's."""
    senders = [send_schema(channel)._declared_fields["from_"] for channel in CHANNELS]
    nested = [type(one.schema) for one in senders if isinstance(one, fields.Nested)]
    return ({"type": "string", "minLength": 1, "maxLength": 320}, *dict.fromkeys(nested))


ADDRESS_FIELDS: tuple[str, ...] = tuple(dict.fromkeys(facts.address_field for facts in CHANNELS.values()))


class To(
    Schema.from_dict(  # type: ignore[misc]
        {name: fields.String(validate=[validate.Length(min=1, max=320), plain_text]) for name in ADDRESS_FIELDS}
    )
):
    """Whom: a contact, one address of each channel that there is a step of, or both; an address given here wins.

    Of a contact each address is looked up when its step leaves, and so is whether they want messages there: for push,
    WhatsApp, Viber and RCS they must have agreed, for SMS and e-mail they must not have said no.
    """

    class Meta(Schema.Meta):
        pass

    contact_id = fields.UUID()

    @validates_schema
    def _names_somebody(self, to: dict[str, Any], **_: Any) -> None:
        if not to:
            raise broken_rule("to.nobody", "Name a contact, or an address for each step's channel.")


class GoOn(Schema):
    """When the next step takes over; on whichever comes first."""

    impossible = fields.Boolean(
        load_default=True,
        metadata={"description": "the person cannot be reached there: no address or device, they said no, no RCS"},
    )
    refused = fields.Boolean(
        load_default=True, metadata={"description": "the channel does not take the message, or it fails"}
    )
    not_delivered_minutes = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(min=1, max=MINUTES_MAX),
        metadata={"description": "it has not arrived so many minutes after it left"},
    )
    not_read_hours = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(min=1, max=HOURS_MAX),
        metadata={"description": "it has not been opened so many hours after it left; what fails is not, either"},
    )

    @validates_schema(skip_on_field_errors=True)
    def _goes_on(self, go_on: dict[str, Any], **_: Any) -> None:
        if not any(go_on.values()):
            raise broken_rule("go_on.never", "The next step would never leave: say when it does.", "refused")


class StepToSend(Schema):
    """One step. Of the last one `go_on` says nothing."""

    channel = fields.Enum(Channel, by_value=True, required=True)
    sender = fields.Raw(required=True, data_key="from", metadata={"any_of": _sender_schemas()})
    content = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"any_of": tuple(_content_schema(channel) for channel in CHANNELS)},
    )
    go_on = fields.Nested(GoOn, load_default=lambda: GoOn().load({}))
    quiet_hours = fields.Nested(
        QuietHours,
        load_default=None,
        allow_none=True,
        metadata={"description": "in the account's time zone: whose turn comes within them leaves at their end"},
    )

    @validates_schema(skip_on_field_errors=True)
    def _fits_channel(self, step: dict[str, Any], **_: Any) -> None:
        problems = {**_content_problems(step), **go_on_problems(step)}
        if problems:
            raise marshmallow.ValidationError(problems)


def _content_problems(step: Mapping[str, Any]) -> dict[str, Any]:
    """Marshmallow's messages on `from` and `content` as the channel's own."""
    channel = step["channel"]
    foreign = sorted(_OF_THE_CHAIN & set(step["content"]))
    if foreign:
        return {"content": {name: ["Unknown field."] for name in foreign}}
    found = send_schema(channel)().validate(send_of(channel, step, CHANNELS[channel].sample_address))
    of_other = sender_problems(channel, step["sender"])
    problems: dict[str, Any] = {"from": of_other or found["from"]} if "from" in found else {}
    in_content = {name: messages for name, messages in found.items() if name not in ("from", "to")}
    if not in_content:
        return problems
    meant = next((other for other in CHANNELS if not _content_schema(other)().validate(step["content"])), channel)
    if meant != channel:
        detail = f"This is content for {meant}, not for {channel}."
        return problems | {"content": [rule("content.other_channel", detail)]}
    return problems | {"content": in_content}


def go_on_problems(step: Mapping[str, Any]) -> dict[str, Any]:
    """What the channel is never told."""
    facts, go_on = CHANNELS[step["channel"]], step["go_on"]
    told = {"not_delivered_minutes": facts.tells_delivery, "not_read_hours": facts.tells_reading}
    wrong = [name for name, is_told in told.items() if go_on[name] is not None and not is_told]
    detail = "Nobody is told that on this channel."
    return {"go_on": {name: [rule("go_on.never_told", detail)] for name in wrong}} if wrong else {}


class ChainCreate(Schema):
    """One message in steps, of which each leaves only where the one before has not reached the person."""

    to = fields.Nested(To, required=True)
    steps = fields.List(fields.Nested(StepToSend), required=True, validate=validate.Length(STEPS_MIN, STEPS_MAX))
    external_id = fields.String(load_default=None, allow_none=True, validate=[validate.Length(max=100), plain_text])
    webhook_url = of_send_field()

    @validates_schema(skip_on_field_errors=True)
    def _has_addresses(self, chain: dict[str, Any], **_: Any) -> None:
        """Those that are given are the channel's own; without a contact each step has one."""
        to, problems = chain["to"], {}
        for step in chain["steps"]:
            name = CHANNELS[step["channel"]].address_field
            if name in to:
                found = send_schema(step["channel"])().validate(send_of(step["channel"], step, to[name]))
                if "to" in found:
                    problems[name] = [rule("to.wrong_address", "Not a valid address of this step's channel.")]
            elif "contact_id" not in to:
                problems[name] = [rule("to.no_address", "A step's channel needs this address, or a contact.")]
        if problems:
            raise marshmallow.ValidationError({"to": problems})


class ChainStep(Schema):
    """A step and what became of it."""

    place = fields.Integer(metadata={"description": "1 for the first"})
    channel = fields.Enum(Channel, by_value=True)
    sender = fields.Raw(data_key="from", metadata={"any_of": _sender_schemas()})
    go_on = fields.Nested(GoOn)
    quiet_hours = fields.Nested(QuietHours, allow_none=True)
    state = Word(StepState)
    code = fields.String(allow_none=True, metadata={"description": "why it failed, or could not be"})
    meaning = code_meaning()
    message_id = fields.UUID(allow_none=True, metadata={"description": "in the message log, once it has left"})
    address = fields.String(
        allow_none=True,
        metadata={
            "description": "of a contact once it has left, and for those who may see contacts or reports;"
            " `erased` where the person was erased since"
        },
    )
    units = fields.Integer(metadata={"description": "of the channel's quota, that it took: of an SMS its parts"})
    cost = fields.Nested(Money, allow_none=True, metadata={"description": "of `GET /v1/messages/{id}` alone"})
    sent_at = fields.AwareDateTime(allow_none=True)
    delivered_at = fields.AwareDateTime(allow_none=True)
    read_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "of a step with `not_read_hours`; of others nobody is asked"}
    )
    ended_at = fields.AwareDateTime(allow_none=True)


class ChainSummary(Schema):
    """One message over several channels; `reached_by` is the channel on which the person had it first."""

    id = fields.UUID()
    state = Word(ChainState)
    reached_by = fields.Enum(Channel, by_value=True, allow_none=True)
    contact_id = fields.UUID(allow_none=True)
    external_id = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    ended_at = fields.AwareDateTime(allow_none=True)


class MessageChain(ChainSummary):
    steps = fields.List(fields.Nested(ChainStep))


class ChainQuery(PageQuery):
    """Newest first; `from` and `to` bound when they were accepted."""

    state = fields.Enum(ChainState, by_value=True)
    reached_by = fields.Enum(Channel, by_value=True)
    external_id = fields.String(validate=validate.Length(min=1, max=100))
    contact_id = fields.UUID()
    since = fields.AwareDateTime(data_key="from")
    until = fields.AwareDateTime(data_key="to")

    @validates_schema
    def _in_order(self, query: dict[str, Any], **_: Any) -> None:
        since, until = query.get("since"), query.get("until")
        if since is not None and until is not None and since > until:
            raise broken_rule("period.invalid", "Must not be before `from`.", "to")


class ChainsPeriod(Schema):
    """Of which chains the figures are: those accepted in `[from, to)`, of a hundred days at most."""

    since = fields.AwareDateTime(data_key="from", required=True)
    until = fields.AwareDateTime(data_key="to", required=True)

    @validates_schema(skip_on_field_errors=True)
    def _is_a_period(self, query: dict[str, Any], **_: Any) -> None:
        if not 0 <= (query["until"] - query["since"]).total_seconds() <= 100 * 86_400:
            raise broken_rule("period.invalid", "Must not be before `from`, nor over 100 days after it.", "to")


class StepFigures(Schema):
    """What steps of one place and channel did; `saved`: how many were not needed, for the person had been reached."""

    place = fields.Integer()
    channel = fields.Enum(Channel, by_value=True)
    steps = fields.Integer()
    sent = fields.Integer()
    reached = fields.Integer()
    read = fields.Integer(
        metadata={"description": "of steps with `not_read_hours`; of others nobody is asked whether they were read"}
    )
    failed = fields.Integer()
    impossible = fields.Integer()
    timed_out = fields.Integer(metadata={"description": "those taken back among them"})
    saved = fields.Integer()
    units = fields.Integer(metadata={"description": "of the channel's quota"})


class ChainFigures(Schema):
    """`reached` and the like are of whole chains; of each step its own."""

    chains = fields.Integer()
    by_state = fields.Dict(keys=Word(ChainState), values=fields.Integer())
    reached_by = fields.Dict(keys=Word(Channel), values=fields.Integer())
    steps = fields.List(fields.Nested(StepFigures))


_CHAIN = {"chain_id": UUID}
RPC: dict[str, Call] = {
    "send_chain": Call(ChainCreate, MessageChain),
    "get_chain": Call(response=MessageChain, path=_CHAIN),
    "list_chains": Call(ChainQuery, page_of(ChainSummary)),
    "cancel_chain": Call(response=MessageChain, path=_CHAIN),
    "count_chains": Call(ChainsPeriod, ChainFigures),
    "export_person": Call(PersonAsked, PersonRecords),
    "erase_person": Call(PersonToErase, PersonForgotten),
}
