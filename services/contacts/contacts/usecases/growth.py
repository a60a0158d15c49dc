"""How an account's base grew, for the statistics of its front page."""

from __future__ import annotations

from datetime import date, datetime, time
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chassis.actors import account_of
from chassis.database import Session
from contacts.store import growth as store
from contracts.errors import Invalid
from contracts.ids import first_id_at
from contracts.rpc import Actor

MOST_DAYS = 400
_MILLISECOND = 1 << 80  # of an id


def count_growth(
    session: Session, *, actor: Actor, now: datetime, first: date, last: date, time_zone: str
) -> dict[str, Any]:
    """:raises Invalid: no such zone, or more than 400 days."""
    if not 0 <= (last - first).days < MOST_DAYS:
        problem = f"From 1 to {MOST_DAYS} days, the first before the last."
        raise Invalid.of_field("first", "period.invalid", problem)
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise Invalid.of_field("time_zone", "time_zone.unknown", "There is no such time zone.") from None
    days = [date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1)]
    bounds = [first_id_at(datetime.combine(day, time(), zone)) for day in days]
    bounds.append(UUID(int=first_id_at(datetime.combine(last, time.max, zone)).int + _MILLISECOND))
    counts = store.count(session, account_id=account_of(actor), stretches=list(pairwise(bounds)))
    rows = zip(days, counts, strict=True)
    return {"days": [{"day": day, "added": added, "archived": gone} for day, (added, gone) in rows if added or gone]}
