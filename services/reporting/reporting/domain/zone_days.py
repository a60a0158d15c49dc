"""Days of a time zone, from those of UTC and the hours at their edges.

A message is counted on a UTC day and in an hour of it. A day of another zone has some hours of the day before or after:
they are moved, and nothing else is read by hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from typing import NamedTuple
from zoneinfo import ZoneInfo

Amounts = Mapping[str, int]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Span(NamedTuple):
    """Days in a row of which the same hours (UTC, 0 to 23) are of another day of the zone: the one `step` away."""

    first: date
    last: date
    hours: tuple[int, ...]
    step: timedelta


def spans_of_other_days(zone: str, first: date, last: date) -> list[Span]:
    """The hours of these UTC days that begin on another day of the zone.

    Between two changes of the zone's clocks they are the same of every day, so there are few spans. An hour lies on the
    day on which it begins: of a zone that is some half hours from UTC half an hour is off.
    """
    local, spans = ZoneInfo(zone), list[Span]()
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        for step in (-DAY, DAY):
            hours = _hours(day, step, local)
            before = next((span for span in reversed(spans) if span.step == step), None)
            if before is not None and (before.last + DAY, before.hours) == (day, hours):
                spans[spans.index(before)] = before._replace(last=day)
            elif hours:
                spans.append(Span(day, day, hours, step))
    return spans


def _hours(day: date, step: timedelta, local: ZoneInfo) -> tuple[int, ...]:
    """The first hours of the day lie on the day before, or the last ones on the next."""
    if day in (date.min, date.max):
        return ()  # nothing was sent then, and there may be no other day
    midnight = datetime.combine(day, time(), UTC)
    there = day + step
    hours = takewhile(
        lambda hour: (midnight + hour * HOUR).astimezone(local).date() == there,
        range(24) if step < timedelta(0) else range(23, -1, -1),
    )
    return tuple(sorted(hours))


def by_zone_day(
    by_day: Mapping[tuple[date, str], Amounts], moved: Mapping[tuple[date, date, str], Amounts]
) -> dict[tuple[date, str], dict[str, int]]:
    """Amounts by the zone's day and channel, in that order.

    :param by_day: by UTC day and channel. :param moved: what lies on another day of the zone: by UTC day, that day and
        channel.
    """
    days = {key: dict(amounts) for key, amounts in by_day.items()}
    for (day, there, channel), amounts in moved.items():
        for place, sign in ((day, -1), (there, 1)):
            of_day = days.setdefault((place, channel), dict.fromkeys(amounts, 0))
            for name, amount in amounts.items():
                of_day[name] = of_day.get(name, 0) + sign * amount
    # The hours are read after the days, and may know of a change more.
    return {key: {name: max(amount, 0) for name, amount in days[key].items()} for key in sorted(days)}
