"""Reports of campaigns (product row G1)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.actors import account_of
from chassis.database import Database, Session
from chassis.logs import get_logger
from contracts.errors import NotFound, Unavailable
from contracts.money import CURRENCY
from contracts.rpc import Actor
from contracts.vocabulary import Channel
from reporting.domain import figures
from reporting.domain.counting import Dimension
from reporting.domain.devices import parts_of
from reporting.domain.links import public_form
from reporting.domain.networks import network_name
from reporting.domain.providers import provider_of
from reporting.store import campaigns, counters, leavers, stories
from reporting.usecases import views
from reporting.usecases.campaigns import campaign_as_known, ensure_campaign
from reporting.usecases.views import Answer
from reporting.usecases.zones import Call, zone_of

DOMAINS_SHOWN = 100
LINKS_SHOWN = 1_000
DOMAINS_SUMMED = 1_000_000
DEADLINE = 3.0
log = get_logger()

_OF_LINKS = ("clicks", "unique_clicks", "machine_clicks")


def get_report(database: Database, *, actor: Actor, now: datetime, call: Call, campaign_id: UUID) -> Answer:
    """The report of a campaign as it stands now (product row G1)."""
    account_id = account_of(actor)
    with database.transaction() as session:
        report = from_counters(session, account_id, campaign_id)
    return {**report, **as_campaigns_counts(call, account_id, campaign_id)}


def as_campaigns_counts(call: Call, account_id: UUID, campaign_id: UUID) -> Answer:
    """Who was left out, by the reason, and how many left a list: campaigns counts both. None while nobody can say."""
    actor: Actor = {"account_id": str(account_id), "service": "reporting"}
    try:
        progress = call("campaigns.get_progress", actor, {"campaign_id": str(campaign_id)}, deadline=DEADLINE)
    except (NotFound, Unavailable) as error:
        log.warning("left_out_unknown", campaign_id=str(campaign_id), error=error.code)
        return {"left_out": None, "left_lists": None}
    return {"left_out": progress.get("left_out"), "left_lists": progress.get("left_lists")}


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
    by_provider = _by_provider(session, account_id, campaign_id) if channel is Channel.EMAIL else {}
    by_device = counters.read(session, account_id=account_id, scope_id=campaign_id, dimension=Dimension.DEVICE)
    return {
        **campaign,
        "messages": totals["messages"],
        **views.figures_of(channel, totals),
        "domains": [
            {
                "domain": name,
                "name": name if channel is Channel.EMAIL else network_name(name),
                "counts": figures.report_counts(channel, amounts),
                "rates": figures.report_rates(channel, amounts),
                "cost": {"amount": amounts["cost"], "currency": CURRENCY},
            }
            for name, amounts in by_domain.items()
            if amounts["messages"]
        ],
        "providers": [
            {
                "provider": provider,
                "counts": figures.report_counts(channel, amounts),
                "rates": figures.report_rates(channel, amounts),
            }
            for provider, amounts in by_provider.items()
        ],
        "devices": _acts_by(by_device, "device"),
        "programs": _acts_by(by_device, "program"),
    }


def _acts_by(by_key: Mapping[str, Mapping[str, int]], what: Literal["device", "program"]) -> list[Answer]:
    """Opens and clicks by device or by program, most of them first."""
    summed: dict[str, Counter[str]] = defaultdict(Counter)
    for key, amounts in by_key.items():
        device, program = parts_of(key)
        summed[device if what == "device" else program].update({name: amounts[name] for name in ("opens", "clicks")})
    rows = [{what: name, "opens": acts["opens"], "clicks": acts["clicks"]} for name, acts in summed.items()]
    shown = [row for row in rows if row["opens"] or row["clicks"]]
    return sorted(shown, key=lambda row: (-row["opens"], -row["clicks"], row[what]))


def _by_provider(session: Session, account_id: UUID, campaign_id: UUID) -> dict[str, dict[str, int]]:
    """Amounts by mailbox provider, of all domains; those with most messages first."""
    rows: dict[str, list[dict[str, int]]] = defaultdict(list)
    for domain, amounts in counters.read(
        session, account_id=account_id, scope_id=campaign_id, dimension=Dimension.DOMAIN, limit=DOMAINS_SUMMED
    ).items():
        rows[provider_of(domain)].append(amounts)
    summed = {provider: counters.summed(some) for provider, some in rows.items()}
    return dict(sorted(summed.items(), key=lambda one: (-one[1]["messages"], one[0])))


def compare_reports(session: Session, *, actor: Actor, now: datetime, ids: str) -> Answer:
    """The totals of some campaigns, in the order in which they are asked for, each once."""
    account_id = account_of(actor)
    return {"items": [_compared(session, account_id, UUID(one)) for one in dict.fromkeys(ids.lower().split(","))]}


def list_rates(session: Session, *, actor: Actor, now: datetime, campaign_ids: list[UUID]) -> Answer:
    """The rates of those of the campaigns that anything is known of, by id."""
    account_id = account_of(actor)
    channels = campaigns.channels_of(session, account_id=account_id, campaign_ids=campaign_ids)
    totals = counters.totals_of(session, account_id=account_id, scope_ids=list(channels))
    return {
        "rates": {
            str(campaign_id): figures.report_rates(channels[campaign_id], amounts)
            for campaign_id, amounts in totals.items()
        }
    }


def _compared(session: Session, account_id: UUID, campaign_id: UUID) -> Answer:
    campaign = campaign_as_known(session, account_id, campaign_id)
    totals = _totals(session, account_id, campaign_id)
    shown = views.figures_of(campaign["channel"], totals)
    clicked = totals["unique_clicks"]
    per_click = {**shown["cost"], "amount": round(totals["cost"] / clicked)} if clicked else None
    return {**campaign, "messages": totals["messages"], **shown, "cost_per_click": per_click}


def get_report_links(database: Database, *, actor: Actor, now: datetime, call: Call, campaign_id: UUID) -> Answer:
    """The links of a campaign that were clicked, most clicked first, with the words that stand there."""
    account_id = account_of(actor)
    with database.transaction() as session:
        links = links_of(session, account_id, campaign_id)
    return {"items": with_labels(call, account_id, campaign_id, links), "next_cursor": None}


def with_labels(call: Call, account_id: UUID, campaign_id: UUID, links: list[Answer]) -> list[Answer]:
    """The links with what their places are called, which the channel knows. None while nobody can say."""
    labels: list[str] = []
    if any(link["number"] is not None for link in links):
        actor: Actor = {"account_id": str(account_id), "service": "reporting"}
        try:
            known = call("campaigns.get_link_labels", actor, {"campaign_id": str(campaign_id)}, deadline=DEADLINE)
            labels = known["labels"]
        except (NotFound, Unavailable) as error:
            log.warning("link_labels_unknown", campaign_id=str(campaign_id), error=error.code)
    by_number = dict(enumerate(labels))
    return [{**link, "label": by_number.get(link["number"])} for link in links]


def links_of(session: Session, account_id: UUID, campaign_id: UUID) -> list[Answer]:
    """The links of a campaign that were clicked, most clicked first; a thousand at most."""
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
    return sorted(items, key=_most_clicked)


def _most_clicked(link: Answer) -> tuple[int, bool, int, str]:
    return -link["clicks"], link["number"] is None, link["number"] or 0, link["url"]


def get_report_timeline(database: Database, *, actor: Actor, now: datetime, call: Call, campaign_id: UUID) -> Answer:
    """What happened in a campaign hour by hour, each with what the account's clocks showed."""
    account_id = account_of(actor)
    with database.transaction() as session:
        items = hours_of(session, account_id, campaign_id)
    zone = zone_of(call, account_id)
    local = ZoneInfo(zone)
    shown = [{**item, "local_hour": item["hour"].astimezone(local).isoformat()} for item in items]
    return {"items": shown, "time_zone": zone, "next_cursor": None}


def hours_of(session: Session, account_id: UUID, campaign_id: UUID) -> list[Answer]:
    """What happened in a campaign hour by hour; hours in which nothing did are left out."""
    ensure_campaign(session, account_id, campaign_id)
    read = counters.read(session, account_id=account_id, scope_id=campaign_id, dimension=Dimension.HOUR)
    by_hour: dict[datetime, Mapping[str, int]] = {
        datetime.fromisoformat(key): row
        for key, row in read.items()
        if any(amount for metric, amount in row.items() if not metric.startswith("machine_"))
    }
    left = leavers.by_hour(
        session, account_id=account_id, campaign_id=campaign_id,
        ranges=campaigns.ranges(session, account_id=account_id, campaign_id=campaign_id),
    )  # fmt: skip
    none = counters.no_amounts()
    return [_hour(hour, by_hour.get(hour, none), left.get(hour, none)) for hour in sorted(by_hour.keys() | left.keys())]


def _hour(hour: datetime, amounts: Mapping[str, int], left: Mapping[str, int]) -> Answer:
    kinds = {state.value: amounts[state.value] for state in figures.FAILED_STATES}
    return {
        "hour": hour,
        **{name: amounts[name] for name in ("sent", "delivered", "opens", "clicks")},
        "failed": figures.failed(amounts),
        **kinds,
        "unsubscribes": left["unsubscribes"],
        "complaints": left["complaints"],
    }


def _totals(session: Session, account_id: UUID, campaign_id: UUID) -> dict[str, int]:
    rows = counters.read(session, account_id=account_id, scope_id=campaign_id, dimension=Dimension.TOTAL)
    return rows.get("", counters.no_amounts())
