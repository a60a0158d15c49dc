"""What the reporting service can be asked."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from contracts.errors import Invalid, NotFound
from contracts.ids import created_at, first_id_at
from contracts.reporting import Who
from contracts.vocabulary import CampaignState, Channel, MessageState
from reporting import domain
from reporting.domain import Dimension
from reporting.store import campaigns, counters, messages

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

CURRENCY = "PLN"
DOMAINS_SHOWN = 100
LINKS_SHOWN = 1_000
STATISTICS_DAYS = 30
STATISTICS_DAYS_AT_MOST = 400

Answer = dict[str, Any]


def get_report(session: Session, *, account_id: UUID, campaign_id: UUID) -> Answer:
    """The report of a campaign as it stands now (product row G1)."""
    campaign = _campaign(session, account_id, campaign_id)
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
        **_figures(channel, totals),
        "domains": [
            {
                "domain": name,
                "counts": domain.report_counts(channel, amounts),
                "rates": domain.report_rates(channel, amounts),
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
    _campaign(session, account_id, campaign_id)
    amounts = counters.read(
        session,
        account_id=account_id,
        scope_id=campaign_id,
        dimension=Dimension.LINK,
        most="clicks",
        limit=LINKS_SHOWN,
    )
    urls = messages.urls(session, account_id=account_id, link_ids=[UUID(key) for key in amounts])
    items = [
        {"url": urls[UUID(key)], "clicks": row["clicks"], "unique_clicks": row["unique_clicks"]}
        for key, row in amounts.items()
        if UUID(key) in urls
    ]
    return {"items": sorted(items, key=lambda item: (-item["clicks"], item["url"])), "next_cursor": None}


def get_report_timeline(session: Session, *, account_id: UUID, campaign_id: UUID) -> Answer:
    """What happened in a campaign hour by hour; hours in which nothing did are left out."""
    _campaign(session, account_id, campaign_id)
    amounts = counters.read(session, account_id=account_id, scope_id=campaign_id, dimension=Dimension.HOUR)
    items = [
        {
            "hour": datetime.fromisoformat(key),
            "sent": row["sent"],
            "delivered": row["delivered"],
            "failed": domain.failed(row),
            "opens": row["opens"],
            "clicks": row["clicks"],
        }
        for key, row in amounts.items()
        if any(row.values())
    ]
    return {"items": items, "next_cursor": None}


def list_report_recipients(
    session: Session, *, account_id: UUID, campaign_id: UUID, who: Who, limit: int, cursor: str | None
) -> Answer:
    """One page of those recipients of a campaign who did, or did not, what `who` says."""
    _campaign(session, account_id, campaign_id)
    rows = messages.of_recipients(
        session,
        account_id=account_id,
        campaign_id=campaign_id,
        who=who,
        ranges=campaigns.ranges(session, account_id=account_id, campaign_id=campaign_id),
        after=_read_cursor(cursor) or messages.LEAST,
        limit=limit + 1,
    )
    return _page(rows, limit)


def list_messages(
    session: Session,
    *,
    account_id: UUID,
    limit: int,
    cursor: str | None,
    channel: Channel | None = None,
    address: str | None = None,
    state: MessageState | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    campaign_id: UUID | None = None,
) -> Answer:
    """One page of the message log, newest first (product row G2)."""
    wanted = messages.Filter(
        account_id=account_id,
        channel=channel.value if channel else None,
        address=address,
        state=state,
        least=first_id_at(since) if since else messages.LEAST,
        greatest=_greatest(until, _read_cursor(cursor)),
    )
    if campaign_id is not None:
        ranges = campaigns.ranges(session, account_id=account_id, campaign_id=campaign_id)
        rows = messages.of_campaign(session, wanted, campaign_id=campaign_id, ranges=ranges, limit=limit + 1)
    elif address is not None:
        rows = messages.of_address(session, wanted, limit=limit + 1)
    else:
        rows = messages.of_account(session, wanted, limit=limit + 1)
    return _page(rows, limit)


def get_message(session: Session, *, account_id: UUID, message_id: UUID) -> Answer:
    """One message and its time line."""
    row = messages.find(session, account_id=account_id, message_id=message_id)
    if row is None:
        raise NotFound("message.not_found", "There is no such message.", {"message_id": str(message_id)})
    moments = [
        {"at": row[column], "kind": state.value}
        for column, state in (("submitted_at", MessageState.SUBMITTED), ("delivered_at", MessageState.DELIVERED))
        if row[column] is not None
    ]
    for moment in moments:
        if domain.STATE_OF_CODE.get(row["state"]) == moment["kind"]:
            moment |= {"code": row["code"], "detail": row["detail"]}
    moments += [
        {**line, "kind": domain.STATE_OF_CODE[line["state"]].value}
        for line in messages.history(session, message_id=message_id)
    ]
    moments += [
        {**deed, "kind": domain.ENGAGEMENT_OF_CODE[deed["kind"]].value}
        for deed in messages.deeds(session, message_id=message_id)
    ]
    return {**as_message(row), "timeline": sorted(moments, key=lambda moment: moment["at"])}


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
        raise Invalid("request.invalid", problem, None, [{"field": "from", "code": "field.invalid", "detail": problem}])
    by_day = counters.read(session, account_id=account_id, scope_id=account_id, dimension=Dimension.DAY)
    days: list[Answer] = []
    rows_by_channel: dict[Channel, list[dict[str, int]]] = {}
    for key, amounts in by_day.items():
        day, _, of_channel = key.partition(" ")
        named = Channel(of_channel)
        if first <= date.fromisoformat(day) <= last and channel in (None, named) and amounts["messages"]:
            days.append({"day": date.fromisoformat(day), "channel": named, **_figures(named, amounts)})
            rows_by_channel.setdefault(named, []).append(amounts)
    totals = [
        {"channel": named, **_figures(named, counters.summed(rows))} for named, rows in sorted(rows_by_channel.items())
    ]
    return {"days": days, "totals": totals}


def record_campaign_start(session: Session, campaign: Mapping[str, Any]) -> None:
    """Remember a campaign; harmless when repeated: it says the same."""
    campaigns.record_start(session, {**campaign, "channel": campaign["channel"].value})


def record_campaign_state(session: Session, change: Mapping[str, Any]) -> None:
    """Remember a campaign's state; harmless when repeated or late: only a later one replaces it."""
    campaigns.record_state(
        session,
        campaign_id=change["campaign_id"],
        account_id=change["account_id"],
        state=change["state"].value,
        at=change["occurred_at"],
    )


def _campaign(session: Session, account_id: UUID, campaign_id: UUID) -> Answer:
    """A campaign as far as it is known: its messages may come before the news that it has started."""
    found = campaigns.find(session, account_id=account_id, campaign_id=campaign_id)
    channel = found["channel"] if found else None
    if channel is None:
        channel = campaigns.channel_in_log(session, account_id=account_id, campaign_id=campaign_id)
    if channel is None and found is None:
        raise NotFound(
            "campaign.not_found",
            "There is no such campaign, or it has not started.",
            {"campaign_id": str(campaign_id)},
        )
    return {
        "campaign_id": campaign_id,
        "name": found["name"] if found else None,
        "channel": Channel(channel or Channel.SMS),
        "state": CampaignState(found["state"]) if found and found["state"] else None,
        "recipients": found["recipients"] if found else None,
        "started_at": found["started_at"] if found else None,
    }


def ensure_campaign(session: Session, account_id: UUID, campaign_id: UUID) -> None:
    """Raises `NotFound` unless the account has that campaign."""
    _campaign(session, account_id, campaign_id)


def _totals(session: Session, account_id: UUID, campaign_id: UUID) -> dict[str, int]:
    rows = counters.read(session, account_id=account_id, scope_id=campaign_id, dimension=Dimension.TOTAL)
    return rows.get("", counters.no_amounts())


def _figures(channel: Channel, totals: Mapping[str, int]) -> Answer:
    return {
        "counts": domain.report_counts(channel, totals),
        "rates": domain.report_rates(channel, totals),
        "cost": {"amount": totals["cost"], "currency": CURRENCY},
    }


def as_message(row: Mapping[str, Any]) -> Answer:
    """A row of the log in the words of the contract."""
    return {
        **row,
        "id": row["message_id"],
        "state": domain.STATE_OF_CODE.get(row["state"]),
        "channel": Channel(row["channel"]),
        "created_at": created_at(row["message_id"]),
        "cost": None if row["cost"] is None else {"amount": row["cost"], "currency": CURRENCY},
    }


def _page(rows: Sequence[Mapping[str, Any]], limit: int) -> Answer:
    shown = rows[:limit]
    more = len(rows) > limit
    next_cursor = _cursor(shown[-1]["message_id"]) if more else None
    return {"items": [as_message(row) for row in shown], "next_cursor": next_cursor}


def _cursor(message_id: UUID) -> str:
    return urlsafe_b64encode(message_id.bytes).rstrip(b"=").decode()


def _read_cursor(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(bytes=urlsafe_b64decode(cursor.encode("ascii") + b"=="))
    except ValueError:
        problem = "Not a cursor that an answer gave."
        field_error = {"field": "cursor", "code": "field.invalid", "detail": problem}
        raise Invalid("request.invalid", problem, None, [field_error]) from None  # type: ignore[list-item]


def _greatest(until: datetime | None, cursor: UUID | None) -> UUID:
    """The greatest id that is wanted: of all that were made by `until`, and before the page's cursor."""
    bounds = [messages.GREATEST]
    if until is not None:
        bounds.append(UUID(int=min(first_id_at(until + timedelta(milliseconds=1)).int, 2**128) - 1))
    if cursor is not None:
        bounds.append(UUID(int=max(cursor.int - 1, 0)))
    return min(bounds)
