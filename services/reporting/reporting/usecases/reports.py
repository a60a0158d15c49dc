"""Reports of campaigns, and statistics of accounts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from contracts.errors import Invalid
from contracts.vocabulary import Channel
from reporting import figures
from reporting.domain import Dimension
from reporting.store import counters, stories
from reporting.usecases.campaigns import known_campaign
from reporting.usecases.messages import CURRENCY

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

DOMAINS_SHOWN = 100
LINKS_SHOWN = 1_000
STATISTICS_DAYS = 30
STATISTICS_DAYS_AT_MOST = 400


Answer = dict[str, Any]


def get_report(session: Session, *, account_id: UUID, campaign_id: UUID) -> Answer:
    """The report of a campaign as it stands now (product row G1)."""
    campaign = known_campaign(session, account_id, campaign_id)
    totals = _totals(session, account_id, campaign_id)
    channel = campaign["channel"]
    by_domain = counters.read(
        session,
        account_id=account_id,
        scope_id=campaign_id,
        dimension=Dimension.DOMAIN,
        most="messages",
        limit=DOMAINS_SHOWN,
    )
    by_device = counters.read(session, account_id=account_id, scope_id=campaign_id, dimension=Dimension.DEVICE)
    return {
        **campaign,
        "messages": totals["messages"],
        **figures_of(channel, totals),
        "domains": [
            {
                "domain": name,
                "counts": figures.report_counts(channel, amounts),
                "rates": figures.report_rates(channel, amounts),
            }
            for name, amounts in by_domain.items()
            if amounts["messages"]
        ],
        "devices": [
            {"device": device, "opens": amounts["opens"], "clicks": amounts["clicks"]}
            for device, amounts in by_device.items()
        ],
    }


def get_report_links(session: Session, *, account_id: UUID, campaign_id: UUID) -> Answer:
    """The links of a campaign that were clicked, most clicked first; a thousand at most."""
    known_campaign(session, account_id, campaign_id)
    amounts = counters.read(
        session,
        account_id=account_id,
        scope_id=campaign_id,
        dimension=Dimension.LINK,
        most="clicks",
        limit=LINKS_SHOWN,
    )
    urls = stories.urls(session, account_id=account_id, link_ids=[UUID(key) for key in amounts])
    items = [
        {"url": urls[UUID(key)], "clicks": row["clicks"], "unique_clicks": row["unique_clicks"]}
        for key, row in amounts.items()
        if UUID(key) in urls
    ]
    return {"items": sorted(items, key=lambda item: (-item["clicks"], item["url"])), "next_cursor": None}


def get_report_timeline(session: Session, *, account_id: UUID, campaign_id: UUID) -> Answer:
    """What happened in a campaign hour by hour; hours in which nothing did are left out."""
    known_campaign(session, account_id, campaign_id)
    amounts = counters.read(session, account_id=account_id, scope_id=campaign_id, dimension=Dimension.HOUR)
    items = [
        {
            "hour": datetime.fromisoformat(key),
            "sent": row["sent"],
            "delivered": row["delivered"],
            "failed": figures.failed(row),
            "opens": row["opens"],
            "clicks": row["clicks"],
        }
        for key, row in amounts.items()
        if any(row.values())
    ]
    return {"items": items, "next_cursor": None}


def get_statistics(
    session: Session,
    *,
    account_id: UUID,
    today: date,
    first: date | None = None,
    last: date | None = None,
    channel: Channel | None = None,
) -> Answer:
    """What became of an account's messages, by the day on which they were accepted, and by channel."""
    last = last or today
    first = first or last - timedelta(days=STATISTICS_DAYS - 1)
    if not 0 <= (last - first).days < STATISTICS_DAYS_AT_MOST:
        problem = f"From 1 to {STATISTICS_DAYS_AT_MOST} days, the first before the last."
        raise Invalid(
            "request.invalid", problem, None, [{"field": "from", "code": "period.invalid", "detail": problem}]
        )
    by_day = counters.read(session, account_id=account_id, scope_id=account_id, dimension=Dimension.DAY)
    days: list[Answer] = []
    rows_by_channel: dict[Channel, list[dict[str, int]]] = {}
    for key, amounts in by_day.items():
        day, _, of_channel = key.partition(" ")
        named = Channel(of_channel)
        if first <= date.fromisoformat(day) <= last and channel in (None, named) and amounts["messages"]:
            days.append({"day": date.fromisoformat(day), "channel": named, **figures_of(named, amounts)})
            rows_by_channel.setdefault(named, []).append(amounts)
    totals = [
        {"channel": named, **figures_of(named, counters.summed(rows))}
        for named, rows in sorted(rows_by_channel.items())
    ]
    return {"days": days, "totals": totals}


def _totals(session: Session, account_id: UUID, campaign_id: UUID) -> dict[str, int]:
    rows = counters.read(session, account_id=account_id, scope_id=campaign_id, dimension=Dimension.TOTAL)
    return rows.get("", counters.no_amounts())


def figures_of(channel: Channel, totals: Mapping[str, int]) -> Answer:
    return {
        "counts": figures.report_counts(channel, totals),
        "rates": figures.report_rates(channel, totals),
        "cost": {"amount": totals["cost"], "currency": CURRENCY},
    }
