"""Reports of campaigns (product row G1)."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from chassis.actors import account_of
from chassis.database import Database, Session
from chassis.logs import get_logger
from contracts.errors import NotFound, Unavailable
from contracts.rpc import Actor
from reporting.domain import figures
from reporting.domain.counting import Dimension
from reporting.domain.links import public_form
from reporting.store import counters, stories
from reporting.usecases import views
from reporting.usecases.campaigns import campaign_as_known, ensure_campaign
from reporting.usecases.views import Answer

DOMAINS_SHOWN = 100
LINKS_SHOWN = 1_000
DEADLINE = 3.0
log = get_logger()

_OF_LINKS = ("clicks", "unique_clicks", "machine_clicks")


class Call(Protocol):
    """`chassis.rpc_client.RpcClient.call`."""

    def __call__(self, name: str, actor: Actor, payload: dict[str, Any], *, deadline: float) -> Any: ...


def get_report(database: Database, *, actor: Actor, now: datetime, call: Call, campaign_id: UUID) -> Answer:
    """The report of a campaign as it stands now (product row G1)."""
    account_id = account_of(actor)
    with database.transaction() as session:
        report = from_counters(session, account_id, campaign_id)
    return {**report, "left_out": _left_out(call, account_id, campaign_id)}


def _left_out(call: Call, account_id: UUID, campaign_id: UUID) -> Answer | None:
    """Who was left out, by the reason: campaigns counts it, as it is the first to know. None while nobody can say."""
    actor: Actor = {"account_id": str(account_id), "service": "reporting"}
    try:
        progress = call("campaigns.get_progress", actor, {"campaign_id": str(campaign_id)}, deadline=DEADLINE)
    except (NotFound, Unavailable) as error:
        log.warning("left_out_unknown", campaign_id=str(campaign_id), error=error.code)
        return None
    left_out: Answer = progress.get("left_out")
    return left_out


def from_counters(session: Session, account_id: UUID, campaign_id: UUID) -> Answer:
    """The report as far as this service knows it."""
    campaign = campaign_as_known(session, account_id, campaign_id)
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
        **views.figures_of(channel, totals),
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
            if amounts["opens"] or amounts["clicks"]
        ],
    }


def get_report_links(session: Session, *, actor: Actor, now: datetime, campaign_id: UUID) -> Answer:
    """The links of a campaign that were clicked, most clicked first; a thousand at most."""
    account_id = account_of(actor)
    ensure_campaign(session, account_id, campaign_id)
    amounts = counters.read(
        session,
        account_id=account_id,
        scope_id=campaign_id,
        dimension=Dimension.LINK,
        most="clicks",
        limit=LINKS_SHOWN,
    )
    known = stories.links(session, account_id=account_id, link_ids=[UUID(key) for key in amounts])
    places: dict[tuple[int | None, str], Counter[str]] = defaultdict(Counter)
    for key, row in amounts.items():
        if UUID(key) in known:
            number, url = known[UUID(key)]
            # Those of older releases were kept as they were clicked, each recipient's by itself.
            place = (number, url if number is not None else public_form(url))
            places[place].update({name: row[name] for name in _OF_LINKS})
    items = [{"number": number, "url": url, **counts} for (number, url), counts in places.items()]
    return {"items": sorted(items, key=_most_clicked), "next_cursor": None}


def _most_clicked(link: Answer) -> tuple[int, bool, int, str]:
    return -link["clicks"], link["number"] is None, link["number"] or 0, link["url"]


def get_report_timeline(session: Session, *, actor: Actor, now: datetime, campaign_id: UUID) -> Answer:
    """What happened in a campaign hour by hour; hours in which nothing did are left out."""
    account_id = account_of(actor)
    ensure_campaign(session, account_id, campaign_id)
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
        if any(amount for metric, amount in row.items() if not metric.startswith("machine_"))
    ]
    return {"items": items, "next_cursor": None}


def _totals(session: Session, account_id: UUID, campaign_id: UUID) -> dict[str, int]:
    rows = counters.read(session, account_id=account_id, scope_id=campaign_id, dimension=Dimension.TOTAL)
    return rows.get("", counters.no_amounts())
