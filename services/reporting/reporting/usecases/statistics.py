"""Statistics of accounts, day by day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.actors import account_of
from chassis.database import Database, Session
from chassis.logs import get_logger
from chassis.rpc_client import RemoteFailure
from contracts.errors import Invalid, Unavailable
from contracts.rpc import Actor
from contracts.vocabulary import Channel
from reporting.domain.weeks import best_hour, week_of
from reporting.domain.zone_days import by_zone_day, spans_of_other_days
from reporting.store import counters
from reporting.usecases import views
from reporting.usecases.views import Answer
from reporting.usecases.zones import Call, zone_of

DAYS = 30
DEADLINE = 3.0
DAYS_AT_MOST = 400
# Habits change, and a year of a thousand campaigns is a read of a second.
DAYS_OF_WEEKS = 90
log = get_logger()

_DayKey = tuple[date, str]  # and the channel


def get_statistics(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    call: Call,
    first: date | None = None,
    last: date | None = None,
    channel: Channel | None = None,
) -> Answer:
    """What became of an account's messages, by the day of its time zone on which they were accepted, and by channel;
    and when in the week people opened and clicked."""
    account_id = account_of(actor)
    zone = zone_of(call, account_id)
    last = last or now.astimezone(ZoneInfo(zone)).date()
    first = first or _before(last, DAYS - 1)
    if not 0 <= (last - first).days < DAYS_AT_MOST:
        problem = f"From 1 to {DAYS_AT_MOST} days, the first before the last."
        raise Invalid.of_field("from", "period.invalid", problem)
    with database.transaction() as session:
        by_day = _days(session, account_id, first, last, zone)
        lately = max(first, _before(last, DAYS_OF_WEEKS - 1))
        hours = counters.hours_of_account(session, account_id=account_id, first=_before(lately, 1), last=_after(last))
    week = week_of(((datetime.fromisoformat(key), amounts) for key, amounts in hours), zone, first=lately, last=last)
    return {
        **_by_day(by_day, channel),
        "time_zone": zone,
        "base": _growth_of_base(call, account_id, first, last, zone),
        "week": week,
        "best_hour": best_hour(week),
    }


def _before(day: date, days: int) -> date:
    """So many days before, or the first day that there is."""
    return date.fromordinal(max(day.toordinal() - days, 1))


def _after(day: date) -> date:
    """The next day, or the last that there is."""
    return date.fromordinal(min(day.toordinal() + 1, date.max.toordinal()))


def _days(session: Session, account_id: UUID, first: date, last: date, zone: str) -> dict[_DayKey, dict[str, int]]:
    """What was accepted on these days of the zone, by day and channel."""
    before, after = _before(first, 1), _after(last)
    by_day = counters.days_of_account(session, account_id=account_id, first=before, last=after)
    moved = counters.moved_of_account(session, account_id=account_id, spans=spans_of_other_days(zone, before, after))
    days = by_zone_day({_day_and_channel(key): amounts for key, amounts in by_day.items()}, moved)
    return {(day, channel): amounts for (day, channel), amounts in days.items() if first <= day <= last}


def _day_and_channel(key: str) -> _DayKey:
    day, _, channel = key.partition(" ")
    return date.fromisoformat(day), channel


def _growth_of_base(call: Call, account_id: UUID, first: date, last: date, zone: str) -> list[Answer] | None:
    """What contacts counts by these days of the zone; None while nobody can say."""
    actor: Actor = {"account_id": str(account_id), "service": "reporting"}
    asked = {"first": first.isoformat(), "last": last.isoformat(), "time_zone": zone}
    try:
        answer = call("contacts.count_growth", actor, asked, deadline=DEADLINE)
    except (Unavailable, RemoteFailure) as error:  # an older contacts knows of no such call
        log.warning("growth_unknown", account_id=str(account_id), error=error)
        return None
    return [{**day, "day": date.fromisoformat(day["day"])} for day in answer["days"]]


def totals_of(session: Session, account_id: UUID, first: date, last: date, zone: str) -> list[Answer]:
    """An account's figures by channel, of the messages accepted on these days of the zone."""
    totals: list[Answer] = _by_day(_days(session, account_id, first, last, zone), None)["totals"]
    return totals


def _by_day(by_day: Mapping[_DayKey, dict[str, int]], channel: Channel | None) -> Answer:
    days: list[Answer] = []
    rows_by_channel: dict[Channel, list[dict[str, int]]] = {}
    for (day, of_channel), amounts in by_day.items():
        named = Channel(of_channel)
        if channel in (None, named) and amounts["messages"]:
            days.append({"day": day, "channel": named, **views.figures_of(named, amounts)})
            rows_by_channel.setdefault(named, []).append(amounts)
    totals = [
        {"channel": named, **views.figures_of(named, counters.summed(rows))}
        for named, rows in sorted(rows_by_channel.items())
    ]
    return {"days": days, "totals": totals}
