"""Single e-mails, and what every channel answers."""

from __future__ import annotations

from typing import ClassVar

from marshmallow import fields, validate

from contracts.channel import RECIPIENTS_MAX, AcceptedMessage, MessageSummary, channel_calls
from contracts.email_addresses import email_address
from contracts.email_gateway.contents import HTML_MAX, SUBJECT_MAX, EmailContent, EmailPreview, EmailTracking
from contracts.schema import Schema, line_field

_HEADER_NAME = validate.Regexp(r"X-[A-Za-z0-9-]{1,60}\Z", error="Only headers that start with X- can be set.")


class Mailbox(Schema):
    email = email_address(required=True)
    name = line_field(200, load_default=None, allow_none=True)


class EmailRecipient(Mailbox):
    variables = fields.Dict(keys=fields.String(), load_default=dict)


class EmailSend(Schema):
    """POST /v1/emails."""

    also_named: ClassVar = {
        "content": "",
        "content.from_email": "from.email",
        "content.from_name": "from.name",
        "from_email": "from.email",
        "from_name": "from.name",
    }

    from_ = fields.Nested(Mailbox, data_key="from", required=True)
    to = fields.List(fields.Nested(EmailRecipient), required=True, validate=validate.Length(min=1, max=RECIPIENTS_MAX))
    reply_to = email_address(load_default=None, allow_none=True)
    subject = fields.String(required=True, validate=validate.Length(min=1, max=SUBJECT_MAX))
    html = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=HTML_MAX))
    text = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=HTML_MAX))
    headers = fields.Dict(
        keys=fields.String(validate=_HEADER_NAME),
        values=fields.String(validate=validate.Length(max=900)),
        load_default=dict,
        validate=validate.Length(max=20),
    )
    tracking = fields.Nested(EmailTracking, load_default=None, allow_none=True)
    external_id = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))


class AcceptedEmails(Schema):
    messages = fields.List(fields.Nested(AcceptedMessage))


class Email(MessageSummary):
    detail = fields.String(allow_none=True)
    attempts = fields.Integer()
    updated_at = fields.AwareDateTime()


RPC = channel_calls(
    content=EmailContent,
    address=email_address(),
    preview=EmailPreview,
    send=EmailSend,
    accepted=AcceptedEmails,
    message=Email,
)
