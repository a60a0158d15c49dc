"""What the reporting service answers: reports of campaigns, the message log, statistics.

Rates are numbers from 0 to 1, and null where there is nothing to divide by. Money is in minor units.
"""

from __future__ import annotations

from enum import StrEnum

from marshmallow import fields, validate, validates_schema

from contracts.privacy import PersonAsked, PersonForgotten, PersonRecords, PersonToErase
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, broken_rule, page_of
from contracts.vocabulary import CampaignState, Channel, MessageState


class Who(StrEnum):
    """Which recipients of a campaign: `not_opened` and `not_clicked` are among the delivered."""

    OPENED = "opened"
    NOT_OPENED = "not_opened"
    CLICKED = "clicked"
    NOT_CLICKED = "not_clicked"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


class Empty(Schema):
    """No fields."""


class Money(Schema):
    amount = fields.Integer(required=True, metadata={"description": "Minor units"})
    currency = fields.String(required=True)


class CampaignRef(Schema):
    campaign_id = fields.UUID(required=True)


class MessageRef(Schema):
    message_id = fields.UUID(required=True)


class ReportCounts(Schema):
    """Numbers of messages, and of what people did. Which there are depends on the channel."""

    sent = fields.Integer(metadata={"description": "E-mail: handed over to the recipients' servers"})
    submitted = fields.Integer(metadata={"description": "SMS: accepted by the carrier"})
    delivered = fields.Integer()
    undelivered = fields.Integer()
    expired = fields.Integer()
    rejected = fields.Integer()
    unknown = fields.Integer()  # type: ignore[assignment]  # a field, not the schema's option
    deferred = fields.Integer(metadata={"description": "Waiting to be tried again"})
    awaiting_receipt = fields.Integer(metadata={"description": "SMS: submitted, and nothing heard since"})
    hard_bounced = fields.Integer()
    soft_bounced = fields.Integer()
    spam_bounced = fields.Integer()
    opens = fields.Integer()
    unique_opens = fields.Integer(metadata={"description": "Messages opened at least once"})
    clicks = fields.Integer()
    unique_clicks = fields.Integer(metadata={"description": "Messages clicked at least once"})
    unsubscribes = fields.Integer()
    complaints = fields.Integer()
    parts = fields.Integer(metadata={"description": "SMS: parts of the submitted messages"})


class ReportRates(Schema):
    """Rates from 0 to 1; null where there is nothing to divide by."""

    delivery_rate = fields.Float(allow_none=True, metadata={"description": "delivered / sent"})
    bounce_rate = fields.Float(allow_none=True, metadata={"description": "bounced / sent"})
    open_rate = fields.Float(allow_none=True, metadata={"description": "OR: unique opens / delivered"})
    click_rate = fields.Float(allow_none=True, metadata={"description": "CTR: unique clicks / delivered"})
    click_to_open_rate = fields.Float(allow_none=True, metadata={"description": "CTOR: unique clicks / unique opens"})
    unsubscribe_rate = fields.Float(allow_none=True, metadata={"description": "unsubscribes / delivered"})
    complaint_rate = fields.Float(allow_none=True, metadata={"description": "complaints / delivered"})


class ReportDomain(Schema):
    domain = fields.String(metadata={"description": "E-mail: the address's domain; SMS: the network; empty: not known"})
    counts = fields.Nested(ReportCounts)
    rates = fields.Nested(ReportRates)


class ReportDevice(Schema):
    device = fields.String(metadata={"description": "desktop, mobile, tablet, bot or unknown"})
    opens = fields.Integer()
    clicks = fields.Integer()


class Report(Schema):
    campaign_id = fields.UUID()
    name = fields.String(allow_none=True)
    channel = fields.Enum(Channel, by_value=True, allow_none=True)
    state = fields.Enum(CampaignState, by_value=True, allow_none=True)
    started_at = fields.AwareDateTime(allow_none=True)
    recipients = fields.Integer(allow_none=True, metadata={"description": "People in the audience when it started"})
    messages = fields.Integer(metadata={"description": "Messages that anything is known of"})
    counts = fields.Nested(ReportCounts)
    rates = fields.Nested(ReportRates)
    cost = fields.Nested(Money)
    domains = fields.List(fields.Nested(ReportDomain), metadata={"description": "The 100 with most messages"})
    devices = fields.List(fields.Nested(ReportDevice))


class ReportLink(Schema):
    url = fields.String()
    clicks = fields.Integer()
    unique_clicks = fields.Integer()


class ReportLinks(Schema):
    items = fields.List(fields.Nested(ReportLink))
    next_cursor = fields.String(allow_none=True)


class ReportHour(Schema):
    """What happened within one hour (UTC). States count where the message stands now, at the hour when it got there."""

    hour = fields.AwareDateTime()
    sent = fields.Integer()
    delivered = fields.Integer()
    failed = fields.Integer(metadata={"description": "Undelivered, expired, rejected or bounced"})
    opens = fields.Integer()
    clicks = fields.Integer()


class ReportTimeline(Schema):
    items = fields.List(fields.Nested(ReportHour))
    next_cursor = fields.String(allow_none=True)


class RecipientsPage(PageQuery):
    """Query of `GET /v1/campaigns/{id}/report/recipients`."""

    who = fields.Enum(Who, by_value=True, required=True)


class RecipientsQuery(RecipientsPage, CampaignRef):
    """Recipients of one campaign who did or did not."""


class ReportFile(Schema):
    """Query of `GET /v1/campaigns/{id}/report/file`."""

    who = fields.Enum(Who, by_value=True)


class ReportPiece(ReportFile, CampaignRef):
    """One piece of the file."""

    seq = fields.Integer(required=True, validate=validate.Range(min=0))


class FilePiece(Schema):
    chunk = fields.String(allow_none=True, metadata={"description": "base64; null after the last"})


class ReportGroupCreate(Schema):
    """A group of the contacts who did, or did not."""

    who = fields.Enum(Who, by_value=True, required=True)
    name = fields.String(required=True, validate=validate.Length(min=1, max=200))


class ReportGroupOf(ReportGroupCreate, CampaignRef):
    """The same with the campaign."""


class ReportGroup(Schema):
    id = fields.UUID()
    name = fields.String()
    contacts = fields.Integer()


class ReportArchive(Schema):
    """Which addresses of a campaign are archived: those that do not exist."""

    who = fields.String(required=True, validate=validate.OneOf(["hard_bounced"]))


class ReportArchiveOf(ReportArchive, CampaignRef):
    """The same with the campaign."""


class ReportArchived(Schema):
    archived = fields.Integer(metadata={"description": "Addresses that contacts was asked to archive"})


class MessageFilter(PageQuery):
    """Query of `GET /v1/messages`; `from` and `to` bound when a message was accepted."""

    channel = fields.Enum(Channel, by_value=True)
    address = fields.String(validate=validate.Length(min=1, max=320))
    state = fields.Enum(MessageState, by_value=True)
    since = fields.AwareDateTime(data_key="from")
    until = fields.AwareDateTime(data_key="to")
    campaign_id = fields.UUID()

    @validates_schema
    def _in_order(self, filters: dict[str, object], **_: object) -> None:
        _refuse_backwards(filters)


class Message(Schema):
    """One message as it stands."""

    id = fields.UUID()
    channel = fields.Enum(Channel, by_value=True)
    campaign_id = fields.UUID(allow_none=True)
    contact_id = fields.UUID(allow_none=True)
    address = fields.String(allow_none=True, metadata={"description": "`erased` where the person was erased since"})
    sender = fields.String(allow_none=True)
    domain = fields.String(allow_none=True, metadata={"description": "Domain of the address, or the phone's network"})
    state = fields.Enum(MessageState, by_value=True, allow_none=True)
    state_at = fields.AwareDateTime(allow_none=True)
    code = fields.String(allow_none=True, metadata={"description": "The carrier's or server's code"})
    detail = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    submitted_at = fields.AwareDateTime(allow_none=True)
    delivered_at = fields.AwareDateTime(allow_none=True)
    parts = fields.Integer(allow_none=True)
    cost = fields.Nested(Money, allow_none=True)
    opens = fields.Integer()
    opened_at = fields.AwareDateTime(allow_none=True)
    clicks = fields.Integer()
    clicked_at = fields.AwareDateTime(allow_none=True)
    unsubscribed_at = fields.AwareDateTime(allow_none=True)
    complained_at = fields.AwareDateTime(allow_none=True)


class MessageMoment(Schema):
    """A point of a message's time line: a state, or something that a person did."""

    at = fields.AwareDateTime()
    kind = fields.String(metadata={"description": "A message state, or opened, clicked, unsubscribed, complained"})
    code = fields.String(allow_none=True)
    detail = fields.String(allow_none=True)
    url = fields.String(allow_none=True)
    ip = fields.String(allow_none=True)
    user_agent = fields.String(allow_none=True)


class MessageStory(Message):
    """One message with its time line."""

    timeline = fields.List(fields.Nested(MessageMoment))


MessagePage = page_of(Message)


class StatisticsQuery(Schema):
    """Days (UTC, both included) on which messages were accepted; the last 30 by default, 400 at most."""

    first = fields.Date(data_key="from")
    last = fields.Date(data_key="to")
    channel = fields.Enum(Channel, by_value=True)


class DayStatistics(Schema):
    """What became of the messages accepted on one day on one channel."""

    day = fields.Date()
    channel = fields.Enum(Channel, by_value=True)
    counts = fields.Nested(ReportCounts)
    rates = fields.Nested(ReportRates)
    cost = fields.Nested(Money)


class ChannelStatistics(Schema):
    channel = fields.Enum(Channel, by_value=True)
    counts = fields.Nested(ReportCounts)
    rates = fields.Nested(ReportRates)
    cost = fields.Nested(Money)


class Statistics(Schema):
    days = fields.List(fields.Nested(DayStatistics))
    totals = fields.List(fields.Nested(ChannelStatistics))


def _refuse_backwards(filters: dict[str, object]) -> None:
    since, until = filters.get("since"), filters.get("until")
    if since is not None and until is not None and since > until:  # type: ignore[operator]
        raise broken_rule("period.invalid", "Must not be before `from`.", "to")


RPC: dict[str, Call] = {
    "get_report": Call(CampaignRef, Report),
    "get_report_links": Call(CampaignRef, ReportLinks),
    "get_report_timeline": Call(CampaignRef, ReportTimeline),
    "list_report_recipients": Call(RecipientsQuery, MessagePage),
    "export_report": Call(ReportPiece, FilePiece),
    "create_report_group": Call(ReportGroupOf, ReportGroup),
    "archive_report_recipients": Call(ReportArchiveOf, ReportArchived),
    "list_messages": Call(MessageFilter, MessagePage),
    "get_message": Call(MessageRef, MessageStory),
    "get_statistics": Call(StatisticsQuery, Statistics),
    "export_person": Call(PersonAsked, PersonRecords),
    "erase_person": Call(PersonToErase, PersonForgotten),
}
