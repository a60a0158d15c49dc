"""What became of an account's messages, day by day."""

from __future__ import annotations

from marshmallow import fields

from contracts.money import Money
from contracts.reporting.figures import ReportCounts, ReportRates
from contracts.rpc import Call
from contracts.schema import Schema
from contracts.vocabulary import Channel


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


RPC: dict[str, Call] = {"get_statistics": Call(StatisticsQuery, Statistics)}
