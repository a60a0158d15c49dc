"""What an e-mail says."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.channel import ContentProblem
from contracts.email_addresses import email_address
from contracts.schema import Schema
from contracts.utm import utm_field

# An e-mail's texts in template form, wherever they are given: to a campaign, a template or a single mail.
SUBJECT_MAX = PREHEADER_MAX = 998  # RFC 5322 section 2.1.1; advice for a subject is 50
HTML_MAX = 1_000_000


class EmailTracking(Schema):
    """What is to be known of an e-mail's readers."""

    opens = fields.Boolean(load_default=True, metadata={"description": "false: no pixel"})
    clicks = fields.Boolean(load_default=True, metadata={"description": "false: links stay as they are written"})


class EmailContent(Schema):
    """An e-mail as a person writes it; every text may hold template tags."""

    from_email = email_address(load_default=None, allow_none=True)
    from_name = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))
    reply_to = email_address(load_default=None, allow_none=True)
    subject = fields.String(required=True, validate=validate.Length(min=1, max=SUBJECT_MAX))
    preheader = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=PREHEADER_MAX))
    html = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=HTML_MAX))
    mjml = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=HTML_MAX),
        metadata={"description": "in place of html, which is made of it"},
    )
    inline_css = fields.Boolean(
        load_default=None,
        allow_none=True,
        metadata={"description": "false: the rules of <style> are not written into the elements"},
    )
    text = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=HTML_MAX))
    tracking = fields.Nested(EmailTracking, load_default=None, allow_none=True)
    utm = utm_field("links to web addresses")


class ContentAsked(Schema):
    content_hash = fields.String(required=True, validate=validate.Length(equal=64))


class LinkLabels(Schema):
    labels = fields.List(
        fields.String(),
        metadata={"description": "Of each place in the content, by its number; none where the content has no labels"},
    )


class EmailPreview(Schema):
    subject = fields.String(allow_none=True)
    html = fields.String(allow_none=True)
    text = fields.String(allow_none=True)
    problems = fields.List(fields.Nested(ContentProblem))
