"""Reports of campaigns: totals, links, and what happened hour by hour."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.campaigns.drafts import CampaignRates, LeftOutCounts
from contracts.money import Money
from contracts.reporting.figures import ReportCounts, ReportRates
from contracts.rpc import Call
from contracts.schema import Schema
from contracts.vocabulary import CampaignState, Channel

MOST_COMPARED = 20
_ID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"


class ReportDomain(Schema):
    domain = fields.String(
        metadata={"description": "E-mail: the address's domain; SMS: the network, `pl.play`; empty: not known"}
    )
    name = fields.String(metadata={"description": "What people call it: of a network `Play (PL)`, else the domain"})
    counts = fields.Nested(ReportCounts)
    rates = fields.Nested(ReportRates)
    cost = fields.Nested(Money)


class ReportProvider(Schema):
    provider = fields.String(metadata={"description": "Whose mailboxes they are, as the domain tells; `other`"})
    counts = fields.Nested(ReportCounts)
    rates = fields.Nested(ReportRates)


class ReportDevice(Schema):
    device = fields.String(metadata={"description": "desktop, mobile, tablet, bot or unknown"})
    opens = fields.Integer()
    clicks = fields.Integer()


class ReportProgram(Schema):
    program = fields.String(
        metadata={
            "description": "Mail program or browser, as it names itself: gmail, yahoo, outlook, thunderbird,"
            " apple_mail, edge, opera, samsung_internet, firefox, chrome, safari, other; unknown:"
            " from before they were told apart"
        }
    )
    opens = fields.Integer()
    clicks = fields.Integer()


class Report(Schema):
    campaign_id = fields.UUID()
    name = fields.String(allow_none=True)
    channel = fields.Enum(Channel, by_value=True, allow_none=True)
    state = fields.Enum(CampaignState, by_value=True, allow_none=True)
    started_at = fields.AwareDateTime(allow_none=True)
    recipients = fields.Integer(allow_none=True, metadata={"description": "People in the audience when it started"})
    left_out = fields.Nested(
        LeftOutCounts,
        allow_none=True,
        metadata={"description": "Of the recipients, those not sent to, by the reason; null while it cannot be told"},
    )
    left_lists = fields.Integer(
        allow_none=True,
        metadata={
            "description": "E-mail: people who left a list by the unsubscribe page, and none of the channels: in no"
            " other figure; null while it cannot be told"
        },
    )
    messages = fields.Integer(metadata={"description": "Messages that anything is known of"})
    counts = fields.Nested(ReportCounts)
    rates = fields.Nested(ReportRates)
    cost = fields.Nested(Money)
    domains = fields.List(fields.Nested(ReportDomain), metadata={"description": "The 100 with most messages"})
    providers = fields.List(
        fields.Nested(ReportProvider), metadata={"description": "E-mail: of all domains, most messages first"}
    )
    devices = fields.List(fields.Nested(ReportDevice))
    programs = fields.List(fields.Nested(ReportProgram), metadata={"description": "Most opens first"})


class CompareQuery(Schema):
    """Query of `GET /v1/reports/compare`: up to 20 campaigns."""

    ids = fields.String(
        required=True,
        validate=validate.Regexp(
            rf"^{_ID}(,{_ID}){{0,{MOST_COMPARED - 1}}}(?!\n)$",
            error="Not 1 to 20 ids with commas between.",
        ),
        metadata={"description": "Ids of campaigns with commas between"},
    )


class ComparedReport(Schema):
    """A campaign's totals; its report has the rest."""

    campaign_id = fields.UUID()
    name = fields.String(allow_none=True)
    channel = fields.Enum(Channel, by_value=True)
    state = fields.Enum(CampaignState, by_value=True, allow_none=True)
    started_at = fields.AwareDateTime(allow_none=True)
    recipients = fields.Integer(allow_none=True)
    messages = fields.Integer()
    counts = fields.Nested(ReportCounts)
    rates = fields.Nested(ReportRates)
    cost = fields.Nested(Money)
    cost_per_click = fields.Nested(
        Money, allow_none=True, metadata={"description": "Of a message that a person clicked; null where none was"}
    )


class Comparison(Schema):
    items = fields.List(fields.Nested(ComparedReport), metadata={"description": "In the order that was asked for"})


class CampaignIds(Schema):
    campaign_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(max=1000))


class RatesByCampaign(Schema):
    rates = fields.Dict(
        keys=fields.String(), values=fields.Nested(CampaignRates), metadata={"description": "By id, of those known"}
    )


class ReportLink(Schema):
    """A place in the content: one row for all recipients."""

    number = fields.Integer(
        allow_none=True,
        metadata={"description": "Of the link in the content, from 0; null in mails sent before links were numbered"},
    )
    label = fields.String(
        allow_none=True,
        metadata={
            "description": "E-mail: the words there, or its picture's, `…` for what differs; of variants, those of"
            " each with ` / ` between. Null while it cannot be told, and in mails sent before links had labels"
        },
    )
    url = fields.String(metadata={"description": "As far as it is the same for everybody; `…` stands for the rest"})
    clicks = fields.Integer()
    unique_clicks = fields.Integer(metadata={"description": "Messages in which a person clicked it"})
    machine_clicks = fields.Integer()


class ReportLinks(Schema):
    items = fields.List(fields.Nested(ReportLink))
    next_cursor = fields.String(allow_none=True)


class ReportHour(Schema):
    """What happened within one hour (UTC). States count where the message stands now, at the hour when it got there."""

    hour = fields.AwareDateTime()
    local_hour = fields.String(metadata={"description": "The same moment by the clocks of the account's time zone"})
    sent = fields.Integer()
    delivered = fields.Integer()
    failed = fields.Integer(metadata={"description": "Undelivered, expired, rejected or bounced, each below"})
    undelivered = fields.Integer()
    expired = fields.Integer()
    rejected = fields.Integer()
    hard_bounced = fields.Integer()
    soft_bounced = fields.Integer()
    spam_bounced = fields.Integer()
    opens = fields.Integer()
    clicks = fields.Integer()
    unsubscribes = fields.Integer(metadata={"description": "As long as the log holds the messages; so `complaints`"})
    complaints = fields.Integer()


class ReportTimeline(Schema):
    items = fields.List(fields.Nested(ReportHour))
    time_zone = fields.String(metadata={"description": "Of `local_hour`; UTC while the account's cannot be told"})
    next_cursor = fields.String(allow_none=True)


class NumbersToCount(Schema):
    """Which numbers of a campaign's audience have which variant (`campaigns.domain.variants`).

    Blocks of the variants take turns, from number 1 on; where `block` does not divide `each`, shorter ones end it.
    """

    campaign_id = fields.UUID(required=True)
    variants = fields.Integer(required=True)
    each = fields.Integer(required=True, metadata={"description": "numbers of each variant"})
    block = fields.Integer(required=True, metadata={"description": "numbers of a variant that lie side by side"})


class VariantCounts(Schema):
    sent = fields.Integer()
    delivered = fields.Integer()
    opened = fields.Integer()
    clicked = fields.Integer()
    unsubscribed = fields.Integer()
    complained = fields.Integer()


class CountsByVariant(Schema):
    """Of each variant, in their order."""

    variants = fields.List(fields.Nested(VariantCounts))


_CAMPAIGN = {"campaign_id": UUID}
RPC: dict[str, Call] = {
    "get_report": Call(response=Report, path=_CAMPAIGN),
    "list_rates": Call(CampaignIds, RatesByCampaign),
    "compare_reports": Call(CompareQuery, Comparison),
    "get_report_links": Call(response=ReportLinks, path=_CAMPAIGN),
    "count_variants": Call(NumbersToCount, CountsByVariant),
    "get_report_timeline": Call(response=ReportTimeline, path=_CAMPAIGN),
}
