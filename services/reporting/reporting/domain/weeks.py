"""Hours of the week in which people open and click."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

NAMES = ("sent", "opens", "clicks")
FEWEST = 100  # opens and clicks, under which no hour is said to be the best


def week_of(
    hours: Iterable[tuple[datetime, Mapping[str, int]]], zone: str, *, first: date, last: date
) -> list[dict[str, Any]]:
    """Amounts by hour of the week (1 to 7, 0 to 23) of these days in that zone, in the order of the week.

    :param hours: an hour's beginning (UTC) and its amounts. Of a zone that is some half hours from UTC, an hour counts
        where it begins.
    """
    local = ZoneInfo(zone)
    week: dict[tuple[int, int], dict[str, int]] = {}
    for at, amounts in hours:
        there = at.astimezone(local)
        if not first <= there.date() <= last:
            continue
        summed = week.setdefault((there.isoweekday(), there.hour), dict.fromkeys(NAMES, 0))
        for name in NAMES:
            summed[name] += amounts[name]
    return [
        {"weekday": weekday, "hour": hour, **amounts}
        for (weekday, hour), amounts in sorted(week.items())
        if any(amounts.values())
    ]


def best_hour(week: Iterable[Mapping[str, Any]]) -> dict[str, int] | None:
    """The hour with most opens and clicks, the first of equals; None where there are too few to tell."""
    ranked = sorted(week, key=lambda one: (-(one["opens"] + one["clicks"]), one["weekday"], one["hour"]))
    if sum(one["opens"] + one["clicks"] for one in ranked) < FEWEST:
        return None
    return {"weekday": ranked[0]["weekday"], "hour": ranked[0]["hour"]}
