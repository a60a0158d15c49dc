"""What others may ask of campaigns: templates, campaigns and their life.

A campaign's `sender` and `content` take the shape of its channel: `SmsContent` and a sender id, or `EmailContent` and
`EmailSender`. A draft may be incomplete; scheduling, preview and test say what is missing.
"""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import fields, validate, validates_schema

from contracts.email_gateway.contents import HTML_MAX, PREHEADER_MAX, SUBJECT_MAX
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, broken_rule, page_of, plain_text, rule
from contracts.vocabulary import CampaignState, Channel

THROTTLE_MIN, THROTTLE_MAX = 60, 200_000
NAME_MAX = 200
SMS_TEXT_MAX = 5_000
LOCAL_TIME = r"\A([01][0-9]|2[0-3]):[0-5][0-9]\Z"


# What becomes a header must not be able to become two.
_one_line = validate.Regexp(
    r"^[^\x00-\x1f\x7f\x85\u2028\u2029]*\Z",
    error="Not a valid text: it must be one line without control characters.",
)


def _line(maximum: int, minimum: int = 0, **rules: Any) -> fields.String:
    return fields.String(validate=[validate.Length(min=minimum, max=maximum), plain_text, _one_line], **rules)


def _text(maximum: int, minimum: int = 0, **rules: Any) -> fields.String:
    return fields.String(validate=[validate.Length(min=minimum, max=maximum), plain_text], **rules)


class SmsContent(Schema):
    text = _text(SMS_TEXT_MAX)
    flash = fields.Boolean()
    validity_minutes = fields.Integer(validate=validate.Range(min=1, max=4320), strict=True)
    replace_diacritics = fields.Boolean()


class EmailContent(Schema):
    subject = _line(SUBJECT_MAX)
    preheader = _line(PREHEADER_MAX)
    html = _text(HTML_MAX)
    text = _text(HTML_MAX)


class EmailSender(Schema):
    from_email = fields.Email(required=True, validate=validate.Length(max=254))
    from_name = _line(200)
    reply_to = fields.Email(validate=validate.Length(max=254))


CONTENT: dict[Channel, type[Schema]] = {Channel.SMS: SmsContent, Channel.EMAIL: EmailContent}
_CONTENT: dict[str, Any] = {"any_of": tuple(CONTENT.values())}
_SENDER: dict[str, Any] = {
    "any_of": ({"type": "string", "minLength": 1, "maxLength": 20, "pattern": _one_line.regex.pattern}, EmailSender)
}


class SenderField(fields.Raw):
    """A sender id (SMS), or an `EmailSender`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str):
            plain_text(value)
            _one_line(value)
            if not 1 <= len(value) <= 20:
                raise marshmallow.ValidationError("A sender id has 1 to 20 characters.")
            return value
        if isinstance(value, dict):
            return EmailSender().load(value)
        raise marshmallow.ValidationError("Not a valid sender: a text for SMS, an object for e-mail.")


def content_problems(channel: Channel, content: dict[str, Any] | None) -> dict[str, Any]:
    """Marshmallow's messages on `content` as that channel's; empty when it fits."""
    if not content:
        return {}
    problems = CONTENT[channel]().validate(content)
    for other in set(CONTENT) - {channel} if problems else ():
        if not CONTENT[other]().validate(content):
            return {"_schema": [rule("content.other_channel", f"This is content for {other}, not for {channel}.")]}
    return problems


def sender_problems(channel: Channel, sender: Any) -> list[str]:
    """What is wrong with the kind of `sender` for that channel."""
    if sender is None or isinstance(sender, str) == (channel is Channel.SMS):
        return []
    if channel is Channel.SMS:
        return [rule("sender.other_channel", "For SMS the sender is a sender ID, a text.")]
    return [rule("sender.other_channel", "For e-mail the sender is an object with from_email.")]


class Audience(Schema):
    """Contacts in any of `groups` or `segments`, minus those in any excluded one."""

    groups = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=100))
    segments = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=100))
    exclude_groups = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=100))
    exclude_segments = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=100))


class QuietHours(Schema):
    """Nothing starts from `start` until `end` (HH:MM, the account's time zone); may span midnight."""

    start = fields.String(required=True, validate=validate.Regexp(LOCAL_TIME, error="Not a valid time: HH:MM."))
    end = fields.String(required=True, validate=validate.Regexp(LOCAL_TIME, error="Not a valid time: HH:MM."))

    @validates_schema
    def _spans_something(self, times: dict[str, Any], **_: Any) -> None:
        if times.get("start") == times.get("end"):
            raise broken_rule("quiet_hours.empty", "Quiet hours must end at another time than they start.", "end")


class Options(Schema):
    throttle_per_hour = fields.Integer(
        allow_none=True, strict=True, validate=validate.Range(min=THROTTLE_MIN, max=THROTTLE_MAX)
    )
    quiet_hours = fields.Nested(QuietHours, allow_none=True)


class CampaignCreate(Schema):
    """A new draft. `sender` and `content` take the channel's shape."""

    name = _line(NAME_MAX, 1, required=True)
    channel = fields.Enum(Channel, by_value=True, required=True)
    sender = SenderField(allow_none=True, load_default=None, metadata=_SENDER)
    audience = fields.Nested(Audience, load_default=lambda: Audience().load({}))
    content = fields.Dict(keys=fields.String(), load_default=dict, metadata=_CONTENT)
    options = fields.Nested(Options, load_default=dict)

    @validates_schema(skip_on_field_errors=True)
    def _fits_channel(self, campaign: dict[str, Any], **_: Any) -> None:
        problems: dict[str, Any] = {}
        if wrong := content_problems(campaign["channel"], campaign["content"]):
            problems["content"] = wrong
        if wrong_sender := sender_problems(campaign["channel"], campaign["sender"]):
            problems["sender"] = wrong_sender
        if problems:
            raise marshmallow.ValidationError(problems)


class CampaignUpdate(Schema):
    """Change a draft; what is left out stays. A part that is given replaces that part whole."""

    name = _line(NAME_MAX, 1)
    sender = SenderField(allow_none=True, metadata=_SENDER)
    audience = fields.Nested(Audience)
    content = fields.Dict(keys=fields.String(), metadata=_CONTENT)
    options = fields.Nested(Options)


class CampaignId(Schema):
    campaign_id = fields.UUID(required=True)


class CampaignUpdateById(CampaignUpdate, CampaignId):
    pass


class CampaignQuery(PageQuery):
    channel = fields.Enum(Channel, by_value=True, load_default=None, allow_none=True)
    state = fields.Enum(CampaignState, by_value=True, load_default=None, allow_none=True)


class Progress(Schema):
    """Counted in recipients: numbered, handed to the channel, and what the channel says of them so far."""

    recipients = fields.Integer(allow_none=True)
    published = fields.Integer()
    submitted = fields.Integer()
    failed = fields.Integer()
    deferred = fields.Integer()


class Failure(Schema):
    code = fields.String()
    detail = fields.String()


class Campaign(Schema):
    id = fields.UUID()
    name = fields.String()
    channel = fields.Enum(Channel, by_value=True)
    state = fields.Enum(CampaignState, by_value=True)
    sender = fields.Raw(allow_none=True, metadata=_SENDER)
    audience = fields.Nested(Audience)
    content = fields.Dict(keys=fields.String(), metadata=_CONTENT)
    options = fields.Nested(Options)
    send_at = fields.AwareDateTime(allow_none=True)
    time_zone = fields.String(allow_none=True)
    progress = fields.Nested(Progress)
    failure = fields.Nested(Failure, allow_none=True)
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()
    started_at = fields.AwareDateTime(allow_none=True)
    finished_at = fields.AwareDateTime(allow_none=True)


class CampaignSummary(Campaign):
    """A campaign in a list: without its content."""

    class Meta:
        exclude = ("content",)


class Sample(Schema):
    """An invented recipient: an address and values of fields."""

    address = _text(320)
    fields_ = fields.Dict(keys=fields.String(), load_default=dict, data_key="fields")


class PreviewRequest(Schema):
    """Render for a contact, or for a sample; one of them."""

    contact_id = fields.UUID(allow_none=True, load_default=None)
    sample = fields.Nested(Sample, allow_none=True, load_default=None)

    @validates_schema
    def _names_one(self, preview: dict[str, Any], **_: Any) -> None:
        if (preview.get("contact_id") is None) == (preview.get("sample") is None):
            raise broken_rule("preview.one_person", "Give either contact_id or sample.")


class PreviewById(PreviewRequest, CampaignId):
    pass


class Preview(Schema):
    """What the channel renders: text and parts of an SMS; subject, html and text of an e-mail."""

    channel = fields.Enum(Channel, by_value=True)
    variables = fields.List(fields.String())
    rendered = fields.Dict(keys=fields.String())


class TestRequest(Schema):
    """Send the campaign as it stands to chosen addresses, rendered for a contact or with given fields."""

    __test__ = False

    addresses = fields.List(_text(320, 3), required=True, validate=validate.Length(min=1, max=10))
    contact_id = fields.UUID(allow_none=True, load_default=None)
    fields_ = fields.Dict(keys=fields.String(), load_default=dict, data_key="fields")


class TestById(TestRequest, CampaignId):
    __test__ = False


class TestSent(Schema):
    """What the channel made of the test."""

    __test__ = False

    messages = fields.List(fields.Dict(keys=fields.String()))


class ScheduleRequest(Schema):
    """`at` with an offset is a moment; without one it is a local time of the account. Left out: at once."""

    at = fields.DateTime(format="iso", allow_none=True, load_default=None)


class ScheduleById(ScheduleRequest, CampaignId):
    pass


class DuplicateRequest(Schema):
    name = _line(NAME_MAX, 1, allow_none=True, load_default=None)


class DuplicateById(DuplicateRequest, CampaignId):
    pass


class TemplateCreate(Schema):
    """Content kept for reuse, in the shape of its channel."""

    name = _line(NAME_MAX, 1, required=True)
    channel = fields.Enum(Channel, by_value=True, required=True)
    content = fields.Dict(keys=fields.String(), required=True, metadata=_CONTENT)

    @validates_schema(skip_on_field_errors=True)
    def _fits_channel(self, template: dict[str, Any], **_: Any) -> None:
        if problems := content_problems(template["channel"], template["content"]):
            raise marshmallow.ValidationError({"content": problems})


class TemplateUpdate(Schema):
    name = _line(NAME_MAX, 1)
    content = fields.Dict(keys=fields.String(), metadata=_CONTENT)


class TemplateId(Schema):
    template_id = fields.UUID(required=True)


class TemplateUpdateById(TemplateUpdate, TemplateId):
    pass


class TemplateQuery(PageQuery):
    channel = fields.Enum(Channel, by_value=True, load_default=None, allow_none=True)


class Template(Schema):
    id = fields.UUID()
    name = fields.String()
    channel = fields.Enum(Channel, by_value=True)
    content = fields.Dict(keys=fields.String(), metadata=_CONTENT)
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class Empty(Schema):
    """No payload, or no answer."""


CampaignPage = page_of(CampaignSummary)
TemplatePage = page_of(Template)

RPC: dict[str, Call] = {
    "create_campaign": Call(CampaignCreate, Campaign),
    "get_campaign": Call(CampaignId, Campaign),
    "list_campaigns": Call(CampaignQuery, CampaignPage),
    "update_campaign": Call(CampaignUpdateById, Campaign),
    "delete_campaign": Call(CampaignId, Empty),
    "preview_campaign": Call(PreviewById, Preview),
    "test_campaign": Call(TestById, TestSent),
    "schedule_campaign": Call(ScheduleById, Campaign),
    "pause_campaign": Call(CampaignId, Campaign),
    "resume_campaign": Call(CampaignId, Campaign),
    "cancel_campaign": Call(CampaignId, Campaign),
    "duplicate_campaign": Call(DuplicateById, Campaign),
    "create_template": Call(TemplateCreate, Template),
    "get_template": Call(TemplateId, Template),
    "list_templates": Call(TemplateQuery, TemplatePage),
    "update_template": Call(TemplateUpdateById, Template),
    "delete_template": Call(TemplateId, Empty),
}
