"""The figures of a report or of a day: counts, and the rates made of them."""

from __future__ import annotations

from marshmallow import fields

from contracts.schema import Schema


class ReportCounts(Schema):
    """Numbers of messages, and of what people did. Which there are depends on the channel."""

    sent = fields.Integer(metadata={"description": "E-mail: handed over to the recipients' servers"})
    accepted = fields.Integer(metadata={"description": "Push: taken by the provider of a device at least"})
    submitted = fields.Integer(metadata={"description": "SMS, RCS, WhatsApp, Viber: accepted by carrier or provider"})
    read = fields.Integer(metadata={"description": "RCS, WhatsApp, Viber: delivered, and read"})
    taps = fields.Integer(metadata={"description": "RCS, WhatsApp, Viber: on suggestions and buttons"})
    unique_taps = fields.Integer(metadata={"description": "RCS, WhatsApp, Viber: delivered messages with a tap"})
    answers = fields.Integer(metadata={"description": "SMS, RCS, WhatsApp, Viber: in words"})
    dismissed = fields.Integer(metadata={"description": "Push: swiped away"})
    delivered = fields.Integer()
    undelivered = fields.Integer()
    expired = fields.Integer()
    rejected = fields.Integer()
    unknown = fields.Integer()  # type: ignore[assignment]  # a field, not the schema's option
    deferred = fields.Integer(metadata={"description": "Waiting to be tried again"})
    awaiting_receipt = fields.Integer(metadata={"description": "Submitted, and no receipt since: all but e-mail, push"})
    hard_bounced = fields.Integer()
    soft_bounced = fields.Integer()
    spam_bounced = fields.Integer()
    opens = fields.Integer(metadata={"description": "E-mail: by people; a click without a picture before it is one"})
    unique_opens = fields.Integer(metadata={"description": "E-mail: delivered, and opened or clicked by a person"})
    not_opened = fields.Integer(metadata={"description": "E-mail: the other delivered messages"})
    clicks = fields.Integer(metadata={"description": "By people"})
    unique_clicks = fields.Integer(metadata={"description": "Delivered messages that a person clicked"})
    machine_opens = fields.Integer(metadata={"description": "E-mail: by mail programs and scanners, on their own"})
    machine_clicks = fields.Integer(metadata={"description": "By scanners and the like: in no other figure"})
    unsubscribes = fields.Integer()
    complaints = fields.Integer()
    parts = fields.Integer(metadata={"description": "SMS: parts of the submitted messages"})


class ReportRates(Schema):
    """Rates from 0 to 1; null where there is nothing to divide by."""

    delivery_rate = fields.Float(allow_none=True, metadata={"description": "delivered / sent"})
    bounce_rate = fields.Float(allow_none=True, metadata={"description": "bounced / sent"})
    open_rate = fields.Float(allow_none=True, metadata={"description": "OR: unique opens / delivered"})
    read_rate = fields.Float(allow_none=True, metadata={"description": "RCS, WhatsApp, Viber: read / delivered"})
    click_rate = fields.Float(allow_none=True, metadata={"description": "CTR: unique clicks / delivered"})
    click_to_open_rate = fields.Float(allow_none=True, metadata={"description": "CTOR: unique clicks / unique opens"})
    unsubscribe_rate = fields.Float(
        allow_none=True, metadata={"description": "unsubscribes of delivered messages / delivered"}
    )
    complaint_rate = fields.Float(
        allow_none=True, metadata={"description": "complaints of delivered messages / delivered"}
    )
