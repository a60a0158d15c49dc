"""Single e-mails, and what every channel answers."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields, validate, validates_schema

from contracts.channel import RECIPIENTS_MAX, AcceptedMessage, MessageSummary, channel_calls
from contracts.email_addresses import email_address
from contracts.email_gateway.contents import (
    HTML_MAX,
    SUBJECT_MAX,
    ContentAsked,
    EmailContent,
    EmailPreview,
    EmailTracking,
    LinkLabels,
)
from contracts.rpc import Call
from contracts.schema import Schema, broken_rule, line_field, one_line, plain_text
from contracts.webhook_urls import of_send_field

_HEADER_NAME = validate.Regexp(
    r"(?:X-[A-Za-z0-9-]{1,60}|In-Reply-To|References|Importance|Sensitivity|Auto-Submitted)\Z",
    error="Only X- headers, In-Reply-To, References, Importance, Sensitivity and Auto-Submitted can be set.",
)
COPIES_MAX = 50
ATTACHMENTS_MAX = 20
SCHEDULE_MAX_DAYS = 90
TAGS_MAX, TAG_MAX = 10, 64
BASE64_MAX = 7_000_000  # characters of one file; all files of a mail have 5 MiB together (`attachment.too_large`)


class Mailbox(Schema):
    email = email_address(required=True)
    name = line_field(200, load_default=None, allow_none=True)


class EmailRecipient(Mailbox):
    variables = fields.Dict(keys=fields.String(), load_default=dict)


class Attachment(Schema):
    """A file in the mail. Its type is found by its name and its first bytes; programs are refused."""

    filename = line_field(200, 1, required=True)
    content = fields.String(
        required=True, validate=validate.Length(min=1, max=BASE64_MAX), metadata={"description": "base64 (RFC 4648)"}
    )
    content_id = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"[A-Za-z0-9._-]{1,100}\Z", error="Not a valid content id."),
        metadata={"description": 'an image that the html shows: `<img src="cid:logo">`'},
    )


class FilesToAttach(Schema):
    """Files for a content that was prepared before. They are kept for as long as a campaign may be under way."""

    content_hash = fields.String(required=True, validate=validate.Length(equal=64))
    attachments = fields.List(
        fields.Nested(Attachment), required=True, validate=validate.Length(min=1, max=ATTACHMENTS_MAX)
    )


class ContentWithFiles(Schema):
    content_hash = fields.String(metadata={"description": "of the content with the files"})


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
    cc = fields.List(fields.Nested(Mailbox), load_default=list, validate=validate.Length(max=COPIES_MAX))
    bcc = fields.List(fields.Nested(Mailbox), load_default=list, validate=validate.Length(max=COPIES_MAX))
    variables = fields.Dict(
        keys=fields.String(), load_default=dict, metadata={"description": "of everybody; a recipient's own come first"}
    )
    reply_to = email_address(load_default=None, allow_none=True)
    template_id = fields.UUID(load_default=None, allow_none=True)
    subject = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(min=1, max=SUBJECT_MAX),
        metadata={"description": "required without `template_id`; with it, in place of the template's"},
    )
    html = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=HTML_MAX))
    text = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=HTML_MAX))
    headers = fields.Dict(
        keys=fields.String(validate=_HEADER_NAME),
        values=fields.String(validate=[validate.Length(max=900), plain_text, one_line]),
        load_default=dict,
        validate=validate.Length(max=20),
    )
    attachments = fields.List(
        fields.Nested(Attachment), load_default=list, validate=validate.Length(max=ATTACHMENTS_MAX)
    )
    tags = fields.List(line_field(TAG_MAX, 1), load_default=list, validate=validate.Length(max=TAGS_MAX))
    tracking = fields.Nested(EmailTracking, load_default=None, allow_none=True)
    external_id = fields.String(load_default=None, allow_none=True, validate=[validate.Length(max=100), plain_text])
    schedule_at = fields.AwareDateTime(load_default=None, allow_none=True)
    webhook_url = of_send_field()

    @validates_schema(skip_on_field_errors=True)
    def _has_words(self, send: dict[str, Any], **_: Any) -> None:
        if send["template_id"] is None and not send["subject"]:
            raise broken_rule("content.no_subject", "An e-mail needs a subject, or a template.", "subject")
        if send["template_id"] is not None and (send["html"] or send["text"]):
            raise broken_rule("content.two_sources", "Give a template or html and text, not both.", "template_id")
        if (send["cc"] or send["bcc"]) and len(send["to"]) > 1:
            raise broken_rule("email.copies_need_one_to", "With cc or bcc a request has one recipient in `to`.", "to")


class AcceptedEmails(Schema):
    messages = fields.List(fields.Nested(AcceptedMessage))


class Email(MessageSummary):
    detail = fields.String(allow_none=True)
    attempts = fields.Integer()
    updated_at = fields.AwareDateTime()


RPC = {
    **channel_calls(
        content=EmailContent,
        address=email_address(),
        preview=EmailPreview,
        send=EmailSend,
        accepted=AcceptedEmails,
        message=Email,
    ),
    "attach_files": Call(FilesToAttach, ContentWithFiles),
    "get_link_labels": Call(ContentAsked, LinkLabels),
}
