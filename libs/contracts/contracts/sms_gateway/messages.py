"""Single SMS, and what every channel answers."""

from __future__ import annotations

from typing import ClassVar

from marshmallow import fields, validate

from contracts.channel import RECIPIENTS_MAX, AcceptedMessage, MessageSummary, channel_calls
from contracts.schema import PHONE, Schema, plain_text
from contracts.sms_gateway.contents import (
    PreparedSms,
    SmsContent,
    SmsPreview,
    national_language,
    short_links,
    text,
    validity,
)
from contracts.vocabulary import Lane
from contracts.webhook_urls import of_send_field

SCHEDULE_MAX_DAYS = 90
SINGLE_LANES = (Lane.OTP, Lane.TRANSACTIONAL)


class SmsCreate(Schema):
    """Send one text to up to 1,000 numbers.

    `lane`: `otp` for one-time codes and alerts, which nothing else delays. `validity` in minutes.
    """

    also_named: ClassVar = {"sender": "from"}

    from_ = fields.String(required=True, data_key="from", attribute="from", validate=validate.Length(min=1, max=20))
    to = fields.List(fields.String(validate=PHONE), required=True, validate=validate.Length(1, RECIPIENTS_MAX))
    text = text()
    lane = fields.Enum(Lane, by_value=True, load_default=Lane.TRANSACTIONAL, validate=validate.OneOf(SINGLE_LANES))
    validity = validity()
    flash = fields.Boolean(load_default=False)
    replace_diacritics = fields.Boolean(load_default=False)
    national_language = national_language()
    short_links = short_links()
    schedule_at = fields.AwareDateTime(load_default=None, allow_none=True)
    external_id = fields.String(load_default=None, allow_none=True, validate=[validate.Length(max=100), plain_text])
    webhook_url = of_send_field()


class AcceptedSms(AcceptedMessage):
    parts = fields.Integer()


class SmsAccepted(Schema):
    messages = fields.List(fields.Nested(AcceptedSms))


class Sms(MessageSummary):
    """One message and what became of it."""

    from_ = fields.String(data_key="from", attribute="from", allow_none=True)
    text = fields.String(allow_none=True)
    parts = fields.Integer()
    campaign_id = fields.UUID(allow_none=True)
    created_at = fields.AwareDateTime()
    submitted_at = fields.AwareDateTime(allow_none=True)
    final_at = fields.AwareDateTime(allow_none=True)


RPC = channel_calls(
    content=SmsContent,
    address=fields.String(validate=PHONE),
    preview=SmsPreview,
    send=SmsCreate,
    accepted=SmsAccepted,
    message=Sms,
    prepared=PreparedSms,
)
