"""What became of an account's messages, day by day; and, for operators, of every account's."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from contracts.money import Money
from contracts.reporting.figures import ReportCounts, ReportRates
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, page_of, rule
from contracts.vocabulary import Channel

MOST_DAYS_OF_TRAFFIC = 400


class StatisticsQuery(Schema):
    """Days of the account's time zone (both included) on which messages were accepted; the last 30 by default, 400 at
    most."""

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


class WeekHour(Schema):
    """An hour of the week in the account's time zone."""

    weekday = fields.Integer(metadata={"description": "1 is Monday, 7 is Sunday"})
    hour = fields.Integer(metadata={"description": "0 to 23"})
    sent = fields.Integer(metadata={"description": "Campaigns' messages handed over in this hour"})
    opens = fields.Integer(metadata={"description": "Opens by people in this hour"})
    clicks = fields.Integer(metadata={"description": "Clicks by people in this hour"})


class BestHour(Schema):
    weekday = fields.Integer()
    hour = fields.Integer()


class BaseDay(Schema):
    """How the base of contacts changed on one day."""

    day = fields.Date()
    added = fields.Integer(metadata={"description": "Contacts that came"})
    gone = fields.Integer(metadata={"description": "Contacts that were deleted or erased"})
    archived = fields.Integer(metadata={"description": "Addresses that were archived, for whatever reason"})


class Statistics(Schema):
    days = fields.List(fields.Nested(DayStatistics))
    totals = fields.List(fields.Nested(ChannelStatistics))
    time_zone = fields.String(metadata={"description": "Of all days and hours; UTC while the account's cannot be told"})
    week = fields.List(
        fields.Nested(WeekHour),
        metadata={"description": "Of campaigns, in the days asked for, the last 90 at most; empty hours are left out"},
    )
    base = fields.List(
        fields.Nested(BaseDay),
        allow_none=True,
        metadata={
            "description": "Growth of the base by days of the account's time zone, those without a change left out;"
            " null while contacts cannot be asked"
        },
    )
    best_hour = fields.Nested(
        BestHour,
        allow_none=True,
        metadata={"description": "In which people opened and clicked most; null under 100 of these"},
    )


class TrafficQuery(PageQuery):
    """Days of UTC, both included, on which messages were accepted."""

    from_ = fields.Date(data_key="from", attribute="from_", required=True)
    to = fields.Date(required=True)
    channel = fields.Enum(Channel, by_value=True, load_default=None)
    account_id = fields.UUID(load_default=None, metadata={"description": "Of this account alone"})

    @validates_schema
    def is_a_period(self, data: dict[str, Any], **_: Any) -> None:
        if "from_" in data and "to" in data and not 0 <= (data["to"] - data["from_"]).days < MOST_DAYS_OF_TRAFFIC:
            detail = f"A period has 1 to {MOST_DAYS_OF_TRAFFIC} days."
            raise ValidationError(rule("traffic.period", detail, most=MOST_DAYS_OF_TRAFFIC), "to")


class ChannelTraffic(Schema):
    """What became of an account's messages on one channel. Those neither delivered nor failed are under way, or nothing
    more was heard of them."""

    channel = fields.Enum(Channel, by_value=True)
    messages = fields.Integer(metadata={"description": "All that anything is known of"})
    sent = fields.Integer(metadata={"description": "of them, handed over to a carrier, mail server or provider"})
    delivered = fields.Integer()
    failed = fields.Integer(metadata={"description": "Undelivered, expired, rejected or bounced"})


class AccountTraffic(Schema):
    account_id = fields.UUID()
    channels = fields.List(fields.Nested(ChannelTraffic))


AccountTrafficPage = page_of(AccountTraffic)

RPC: dict[str, Call] = {
    "get_statistics": Call(StatisticsQuery, Statistics),
    "list_traffic": Call(TrafficQuery, AccountTrafficPage),
}
