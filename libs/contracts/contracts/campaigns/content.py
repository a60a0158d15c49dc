"""What a campaign says and who it is from, in its channel's shape; its preview, and its test.

The channels own the limits: a campaign's content is the channel's own schema, with nothing required while it is a
draft.
"""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import Any, ClassVar
from uuid import UUID

import marshmallow
from marshmallow import fields, validate, validates_schema

from contracts.campaigns.texts import text
from contracts.channel import Advice, ContentProblem
from contracts.email_gateway import contents as email
from contracts.ott_gateway import contents as ott
from contracts.push_gateway import contents as push
from contracts.rcs_gateway import contents as rcs
from contracts.rpc import Call
from contracts.schema import Schema, broken_rule, one_line, plain_text, rule
from contracts.sms_gateway import contents as sms
from contracts.viber_gateway import contents as viber
from contracts.vocabulary import Channel

ADDRESS_MAX = 320
SENDER_ID_MAX = 20
PREVIEWED_MAX = 10  # contacts, and samples


def draft_of(
    content: type[marshmallow.Schema],
    name: str,
    names: Collection[str],
    *,
    required: Collection[str] = (),
    lines: Collection[str] = (),
) -> type[Schema]:
    """A schema of some fields of a channel's content: with its limits, but nothing filled in or needed unless said.

    :param lines: fields that become headers, so that they must be one line.
    """
    drafted: dict[str, Any] = {}
    for field_name in names:
        field = copy.copy(content._declared_fields[field_name])
        field.required, field.allow_none = field_name in required, False
        field.load_default = marshmallow.missing
        field.validators = [_without_minimum(validator) for validator in field.validators]
        if type(field) is fields.String and plain_text not in field.validators:
            field.validators.append(plain_text)
        if field_name in lines:
            field.validators.append(one_line)
        drafted[field_name] = field
    return type(name, (Schema,), drafted)


def _without_minimum(validator: Any) -> Any:
    if isinstance(validator, validate.Length) and validator.min is not None:
        return validate.Length(min=0, max=validator.max)
    return validator


SmsContent = draft_of(
    sms.SmsContent,
    "SmsContent",
    ("text", "flash", "validity_minutes", "replace_diacritics", "national_language", "short_links", "utm"),
)
EmailContent = draft_of(
    email.EmailContent,
    "EmailContent",
    ("subject", "preheader", "html", "mjml", "inline_css", "text", "tracking", "utm"),
    lines=("subject", "preheader"),
)
EmailSender = draft_of(
    email.EmailContent,
    "EmailSender",
    ("from_email", "from_name", "reply_to"),
    required=("from_email",),
    lines=("from_name",),
)

PushContent = draft_of(push.PushContent, "PushContent", push.NAMES)
WhatsappContent = draft_of(ott.WhatsappContent, "WhatsappContent", ott.NAMES)
ViberContent = draft_of(viber.ViberContent, "ViberContent", viber.NAMES)
RcsContent = draft_of(rcs.RcsContent, "RcsContent", rcs.NAMES)

SCHEMA_OF: dict[Channel, type[Schema]] = {
    Channel.SMS: SmsContent,
    Channel.EMAIL: EmailContent,
    Channel.PUSH: PushContent,
    Channel.WHATSAPP: WhatsappContent,
    Channel.VIBER: ViberContent,
    Channel.RCS: RcsContent,
}
_ANY_CONTENT: dict[str, Any] = {"any_of": tuple(SCHEMA_OF.values())}
ANY_SENDER: dict[str, Any] = {
    "any_of": (
        {"type": "string", "minLength": 1, "maxLength": SENDER_ID_MAX, "pattern": one_line.regex.pattern},
        EmailSender,
    )
}


def content_field(**rules: Any) -> fields.Dict:
    """A content of any channel; `content_problems` says whether it fits the campaign's."""
    return fields.Dict(keys=fields.String(), metadata=_ANY_CONTENT, **rules)


class SenderField(fields.Raw):
    """A sender ID (SMS), the name of an application (push) or of a number (WhatsApp)
    or of an agent (RCS) or of a bot (Viber), or an `EmailSender`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str):
            plain_text(value)
            one_line(value)
            if not 1 <= len(value) <= SENDER_ID_MAX:
                raise marshmallow.ValidationError(f"A sender id has 1 to {SENDER_ID_MAX} characters.")
            return value
        if isinstance(value, dict):
            return EmailSender().load(value)
        raise marshmallow.ValidationError("Not a valid sender: an object for e-mail, a text for all others.")


def content_problems(channel: Channel, content: dict[str, Any] | None) -> dict[str, Any]:
    """Marshmallow's messages on `content` as that channel's; empty when it fits."""
    if not content:
        return {}
    if not _has_fields_of(channel, content):
        for other in SCHEMA_OF:
            if _has_fields_of(other, content):
                return {"_schema": [rule("content.other_channel", f"This is content for {other}, not for {channel}.")]}
    return SCHEMA_OF[channel]().validate(content)


def _has_fields_of(channel: Channel, content: dict[str, Any]) -> bool:
    return content.keys() <= SCHEMA_OF[channel]._declared_fields.keys()


_SENDERS = {
    Channel.SMS: "a sender ID",
    Channel.PUSH: "the name of an application",
    Channel.WHATSAPP: "the name of a number",
    Channel.VIBER: "the name of a bot",
    Channel.RCS: "the name of an agent",
}


def sender_problems(channel: Channel, sender: Any) -> list[str]:
    """What is wrong with the kind of `sender` for that channel."""
    if sender is None or isinstance(sender, str) == (channel is not Channel.EMAIL):
        return []
    if channel is not Channel.EMAIL:
        kind = _SENDERS[channel]
        return [rule("sender.other_channel", f"For {channel} the sender is {kind}, a text.")]
    return [rule("sender.other_channel", "For e-mail the sender is an object with from_email.")]


class Sample(Schema):
    """An invented recipient: an address and values of fields."""

    address = text(ADDRESS_MAX)
    fields_ = fields.Dict(keys=fields.String(), load_default=dict, data_key="fields")


_STEP = "Of a campaign of steps: which, from 1 on; left out: the first"
_VARIANT = "Of a campaign that tests some: which; left out: the first"


class PreviewRequest(Schema):
    """Render for a contact, or for a sample; one of them."""

    also_named: ClassVar = {"fields": "sample.fields"}

    contact_id = fields.UUID(allow_none=True, load_default=None)
    sample = fields.Nested(Sample, allow_none=True, load_default=None)
    variant = fields.String(
        allow_none=True, load_default=None, validate=validate.Length(max=40), metadata={"description": _VARIANT}
    )
    step = fields.Integer(
        allow_none=True, load_default=None, validate=validate.Range(min=1, max=5), metadata={"description": _STEP}
    )

    @validates_schema
    def _names_one(self, preview: dict[str, Any], **_: Any) -> None:
        if (preview.get("contact_id") is None) == (preview.get("sample") is None):
            raise broken_rule("preview.one_person", "Give either contact_id or sample.")


class Preview(Schema):
    """What the channel renders: an SMS's text and parts, an e-mail's subject, html and text, a push's title, body; of
    WhatsApp its texts."""

    channel = fields.Enum(Channel, by_value=True)
    variables = fields.List(fields.String())
    rendered = fields.Dict(keys=fields.String())


class TestRequest(Schema):
    """Send the campaign as it stands to chosen addresses, rendered for a contact or with given fields."""

    __test__ = False

    addresses = fields.List(text(ADDRESS_MAX, 3), required=True, validate=validate.Length(min=1, max=10))
    contact_id = fields.UUID(allow_none=True, load_default=None)
    fields_ = fields.Dict(keys=fields.String(), load_default=dict, data_key="fields")
    variant = fields.String(
        allow_none=True, load_default=None, validate=validate.Length(max=40), metadata={"description": _VARIANT}
    )
    step = fields.Integer(
        allow_none=True, load_default=None, validate=validate.Range(min=1, max=5), metadata={"description": _STEP}
    )


class TestSent(Schema):
    """What the channel made of the test."""

    __test__ = False

    messages = fields.List(fields.Dict(keys=fields.String()))


class _OfChannel(Schema):
    channel = fields.Enum(Channel, by_value=True, required=True)
    content = content_field(required=True)

    @validates_schema(skip_on_field_errors=True)
    def _fits_channel(self, request: dict[str, Any], **_: Any) -> None:
        if problems := content_problems(request["channel"], request["content"]):
            raise marshmallow.ValidationError({"content": problems})


class ContentPreviewRequest(_OfChannel):
    """Show a content that is kept nowhere as some contacts would get it, and as invented recipients would."""

    contact_ids = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=PREVIEWED_MAX))
    samples = fields.List(fields.Nested(Sample), load_default=list, validate=validate.Length(max=PREVIEWED_MAX))


class RecipientPreview(Schema):
    contact_id = fields.UUID(allow_none=True, metadata={"description": "null for a sample"})
    rendered = fields.Dict(
        keys=fields.String(),
        allow_none=True,
        metadata={
            "description": "text and parts of an SMS; subject, html and text of an e-mail; title and body of a push;"
            " texts of WhatsApp"
        },
    )
    problem = fields.String(allow_none=True, metadata={"description": "why there is nothing to show"})


class ContentPreview(Schema):
    """First the contacts, then the samples, each in the order in which they were asked for."""

    channel = fields.Enum(Channel, by_value=True)
    variables = fields.List(fields.String())
    problems = fields.List(fields.Nested(ContentProblem))
    previews = fields.List(fields.Nested(RecipientPreview))


class ContentCheckRequest(_OfChannel):
    """A content that is kept nowhere, and need not be whole."""

    check_links = fields.Boolean(
        load_default=False,
        metadata={"description": "look whether its links answer, the first thirty of them; it takes up to six seconds"},
    )


class UnknownVariable(Schema):
    """A variable that no contact can have."""

    name = fields.String()
    nearest = fields.String(allow_none=True, metadata={"description": "the field that is spelled most like it"})


class CheckedLink(Schema):
    """Where a link leads, as our machines see it, redirects followed.

    `answers`; `missing`: 404 or 410; `unreachable`: no answer, `reason` says why; `unclear`: any other status, as many
    sites refuse machines; `unchecked`: `reason` says why.
    """

    target = fields.String()
    state = fields.String(validate=validate.OneOf(("answers", "missing", "unreachable", "unclear", "unchecked")))
    status = fields.Integer(allow_none=True)
    reason = fields.String(
        allow_none=True,
        metadata={
            "description": "name_not_found, address_not_public, port_not_of_the_web, connection_refused, "
            "connection_lost, timed_out, tls_failed, too_many_redirects, answer_unreadable, url_invalid; of unchecked "
            "ones ours, too_many, busy, timed_out"
        },
    )


class ContentCheck(Schema):
    """`problems` refuse the content when it is scheduled, and so does what is `unknown`; `advice` is worth a look."""

    channel = fields.Enum(Channel, by_value=True)
    content = fields.Dict(keys=fields.String(), metadata={"description": "as it would be sent"})
    variables = fields.List(fields.String())
    known_variables = fields.List(fields.String(), metadata={"description": "those that there are"})
    unknown = fields.List(fields.Nested(UnknownVariable))  # type: ignore[assignment]  # a field, not the option
    problems = fields.List(fields.Nested(ContentProblem))
    advice = fields.List(fields.Nested(Advice))
    figures = fields.Dict(
        keys=fields.String(),
        metadata={
            "description": "of an e-mail: weight in octets, subject_characters, links with their form, images, "
            "images_without_alt, and where the platform has a spam filter what it says: spam with filter, score, "
            "threshold, is_spam and rules (name, points, words), else null; of an SMS what `POST /v1/sms/parts` says"
        },
    )
    links = fields.List(
        fields.Nested(CheckedLink),
        allow_none=True,
        metadata={"description": "null where `check_links` did not ask, or the platform looks at none"},
    )


RPC: dict[str, Call] = {
    "preview_content": Call(ContentPreviewRequest, ContentPreview),
    "check_content": Call(ContentCheckRequest, ContentCheck),
    "preview_campaign": Call(PreviewRequest, Preview, path={"campaign_id": UUID}),
    "test_campaign": Call(TestRequest, TestSent, path={"campaign_id": UUID}),
}
