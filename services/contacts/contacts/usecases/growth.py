"""How an account's base grew, for the statistics of its front page."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chassis.actors import account_of
from chassis.database import Session
from contacts.store import growth as store
from contracts.errors import Invalid
from contracts.rpc import Actor

MOST_DAYS = 400
# No zone's midnight is further from UTC's.
FURTHEST = timedelta(days=1)
COUNTED = ("added", "gone", "archived")


def count_growth(
    session: Session, *, actor: Actor, now: datetime, first: date, last: date, time_zone: str
) -> dict[str, Any]:
    """By days of the zone: an hour belongs to the day on which it begins there.

    :raises Invalid: no such zone, or more than 400 days.
    """
    if not 0 <= (last - first).days < MOST_DAYS:
        problem = f"From 1 to {MOST_DAYS} days, the first before the last."
        raise Invalid.of_field("first", "period.invalid", problem)
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise Invalid.of_field("time_zone", "time_zone.unknown", "There is no such time zone.") from None
    by_day: dict[date, Counter[str]] = defaultdict(Counter)
    since, until = _begins(first) - FURTHEST, _begins(last) + 2 * FURTHEST
    for row in store.between(session, account_id=account_of(actor), since=since, until=until):
        by_day[row["hour"].astimezone(zone).date()].update({name: row[name] for name in COUNTED})
    return {"days": [{"day": day, **_all(by_day[day])} for day in sorted(by_day) if first <= day <= last]}


def _begins(day: date) -> datetime:
    """Its midnight; of days before or after all that anything happens on, one of these."""
    return datetime.combine(min(max(day, date(1970, 1, 2)), date(9000, 1, 1)), time(), UTC)


def _all(counts: Counter[str]) -> dict[str, int]:
    return {name: counts[name] for name in COUNTED}
