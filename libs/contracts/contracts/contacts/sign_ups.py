"""Sign-ups as strangers meet them: the public form, its answers, and their confirmation."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.contacts.forms import LANGUAGE, SubmissionState
from contracts.contacts.shapes import KEY, word_of
from contracts.rpc import Call
from contracts.schema import Schema
from contracts.vocabulary import Channel


class PublicField(Schema):
    key = fields.String()
    type = fields.String(metadata={"description": "email, phone, text, number, boolean or date"})
    required = fields.Boolean()
    labels = fields.Dict(keys=fields.String(), values=fields.String())


class PublicForm(Schema):
    """What a web site needs to show the form."""

    id = fields.UUID()
    title = fields.String()
    language = fields.String()
    consent_texts = fields.Dict(keys=fields.String(), values=fields.String())
    consent_version = fields.Integer()
    fields_ = fields.List(fields.Nested(PublicField), data_key="fields")
    channels = fields.List(word_of(Channel))


class DescribedForm(PublicForm):
    """The same for the gateway, with what it does by itself: redirects and origins."""

    submitted_url = fields.String(allow_none=True)
    origins = fields.List(fields.String())


class FormAnswers(Schema):
    """What a person submits: answers by the field's key, and the consent.

    `consent_version` is that of the text which was shown; without it the present one is meant. `website` is a trap for
    machines: people leave it empty.
    """

    fields_ = fields.Dict(
        keys=fields.String(validate=KEY),
        values=fields.Raw(allow_none=True),
        data_key="fields",
        required=True,
        validate=validate.Length(max=60),
    )
    consent = fields.Boolean(required=True)
    consent_version = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(min=1))
    language = fields.String(load_default=None, allow_none=True, validate=LANGUAGE)
    website = fields.String(load_default="", validate=validate.Length(max=500))


class FormSubmit(FormAnswers):
    """As the gateway hands it over; the person's IP address is the actor's."""

    user_agent = fields.String(load_default="", validate=validate.Length(max=1_000))


class Submitted(Schema):
    """The same for every address: new, known, archived or erased.

    `state` is `pending`; `trial` where the form's account is on trial and only its own addresses get the mail.
    """

    state = fields.String(validate=validate.OneOf(["pending", "trial"]))
    detail = fields.String()


class ConfirmationToken(Schema):
    token = fields.String(required=True, validate=validate.Length(min=1, max=200))
    user_agent = fields.String(load_default="", validate=validate.Length(max=1_000))


class Confirmation(Schema):
    """What the page behind the link says. `already`: it was confirmed before; `form_id`: null for a closed form."""

    state = word_of(SubmissionState)
    already = fields.Boolean()
    form_id = fields.UUID(allow_none=True)
    language = fields.String()
    title = fields.String()
    account_name = fields.String()
    consent_text = fields.String()
    confirmed_url = fields.String(allow_none=True)


RPC = {
    "describe_form": Call(None, DescribedForm, path={"form_id": UUID}),
    "submit_form": Call(FormSubmit, Submitted, path={"form_id": UUID}),
    "get_confirmation": Call(ConfirmationToken, Confirmation),
    "confirm_submission": Call(ConfirmationToken, Confirmation),
}
