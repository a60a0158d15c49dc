"""Sign-up forms as their account sees them, and what was submitted through them."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from marshmallow import fields, validate

from contracts.contacts.shapes import KEY, name_field, word_of
from contracts.email_addresses import email_address
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, line_field, one_line, page_of
from contracts.vocabulary import Channel

LANGUAGE = validate.Regexp(r"^[a-z]{2}\Z", error="Two lower-case letters, as in ISO 639-1.")
# Those whose address a form can ask for.
ASKED_CHANNELS = (Channel.SMS, Channel.EMAIL, Channel.WHATSAPP, Channel.RCS)
_ASKED = validate.OneOf(ASKED_CHANNELS)
LABEL = validate.Length(min=1, max=200)
CONSENT_TEXT = validate.Length(min=1, max=4_000)
ORIGIN = validate.Regexp(
    r"^https?://[a-z0-9.-]+(:\d{1,5})?\Z", error="Must be an origin, such as https://shop.example, in lower case."
)
PAGE = validate.Regexp(
    r"^https?://[A-Za-z0-9.-]+(:\d{1,5})?([/?#][!-~]*)?\Z", error="Must be an absolute http or https address in ASCII."
)


class SubmissionState(StrEnum):
    """What became of one submission of a form."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"


class FormField(Schema):
    """One thing that the form asks: a built-in field of contacts or a custom one, by its key."""

    key = fields.String(required=True, validate=KEY)
    required = fields.Boolean(load_default=False)
    labels = fields.Dict(
        keys=fields.String(validate=LANGUAGE),
        values=fields.String(validate=[LABEL, one_line]),
        load_default=dict,
        validate=validate.Length(max=20),
    )


class FormSender(Schema):
    """Whose name stands on the confirmation mail; the address must be one that the account may send from."""

    email = email_address(required=True)
    name = line_field(100, load_default="")


class FormCreate(Schema):
    """What a form is made of. `consent_texts` is by language; a changed text raises `consent_version`."""

    name = name_field(required=True)
    title = line_field(100, load_default="")
    language = fields.String(load_default="pl", validate=LANGUAGE)
    consent_texts = fields.Dict(
        keys=fields.String(validate=LANGUAGE),
        values=fields.String(validate=CONSENT_TEXT),
        required=True,
        validate=validate.Length(min=1, max=20),
    )
    fields_ = fields.List(
        fields.Nested(FormField), data_key="fields", load_default=list, validate=validate.Length(max=30)
    )
    group_ids = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=20))
    channels = fields.List(
        fields.Enum(Channel, by_value=True, validate=_ASKED),
        load_default=lambda: [Channel.EMAIL],
        validate=validate.Length(min=1, max=len(ASKED_CHANNELS)),
    )
    sender = fields.Nested(FormSender, load_default=None, allow_none=True)
    submitted_url = fields.String(load_default=None, allow_none=True, validate=[validate.Length(max=2_000), PAGE])
    confirmed_url = fields.String(load_default=None, allow_none=True, validate=[validate.Length(max=2_000), PAGE])
    origins = fields.List(fields.String(validate=ORIGIN), load_default=list, validate=validate.Length(max=20))


class FormUpdate(Schema):
    """What is given changes; the rest stays."""

    name = name_field()
    title = line_field(100)
    language = fields.String(validate=LANGUAGE)
    consent_texts = fields.Dict(
        keys=fields.String(validate=LANGUAGE),
        values=fields.String(validate=CONSENT_TEXT),
        validate=validate.Length(min=1, max=20),
    )
    fields_ = fields.List(fields.Nested(FormField), data_key="fields", validate=validate.Length(max=30))
    group_ids = fields.List(fields.UUID(), validate=validate.Length(max=20))
    channels = fields.List(
        fields.Enum(Channel, by_value=True, validate=_ASKED), validate=validate.Length(min=1, max=len(ASKED_CHANNELS))
    )
    sender = fields.Nested(FormSender, allow_none=True)
    submitted_url = fields.String(allow_none=True, validate=[validate.Length(max=2_000), PAGE])
    confirmed_url = fields.String(allow_none=True, validate=[validate.Length(max=2_000), PAGE])
    origins = fields.List(fields.String(validate=ORIGIN), validate=validate.Length(max=20))
    archived = fields.Boolean()


class FormQuery(PageQuery):
    archived = fields.Boolean(load_default=False)


class Form(Schema):
    id = fields.UUID()
    name = fields.String()
    title = fields.String()
    language = fields.String()
    consent_texts = fields.Dict(keys=fields.String(), values=fields.String())
    consent_version = fields.Integer()
    fields_ = fields.List(fields.Nested(FormField), data_key="fields")
    group_ids = fields.List(fields.UUID())
    channels = fields.List(word_of(Channel))
    sender = fields.Nested(FormSender, allow_none=True)
    submitted_url = fields.String(allow_none=True)
    confirmed_url = fields.String(allow_none=True)
    origins = fields.List(fields.String())
    archived = fields.Boolean()
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


FormPage = page_of(Form)


class SubmissionQuery(PageQuery):
    state = fields.Enum(SubmissionState, by_value=True)


class Submission(Schema):
    """`granted` are the channels that the confirmation really opened; one whose address another contact has is not."""

    id = fields.UUID()
    form_id = fields.UUID()
    state = word_of(SubmissionState)
    email = fields.String()
    fields_ = fields.Dict(keys=fields.String(), values=fields.Raw(allow_none=True), data_key="fields")
    channels = fields.List(word_of(Channel))
    granted = fields.List(word_of(Channel))
    language = fields.String()
    consent_version = fields.Integer()
    consent_text = fields.String()
    submitted_at = fields.AwareDateTime()
    submitted_from = fields.String()
    expires_at = fields.AwareDateTime()
    confirmed_at = fields.AwareDateTime(allow_none=True)
    confirmed_from = fields.String(allow_none=True)
    contact_id = fields.UUID(allow_none=True)


SubmissionPage = page_of(Submission)


RPC = {
    "list_forms": Call(FormQuery, FormPage),
    "create_form": Call(FormCreate, Form),
    "get_form": Call(None, Form, path={"form_id": UUID}),
    "update_form": Call(FormUpdate, Form, path={"form_id": UUID}, edits=Form),
    "delete_form": Call(path={"form_id": UUID}, edits=Form),
    "list_submissions": Call(SubmissionQuery, SubmissionPage, path={"form_id": UUID}),
}
