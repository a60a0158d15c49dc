"""Days of the year on which a birthday is kept: who is born on 29 February keeps the 28th in other years."""

from __future__ import annotations

from calendar import isleap
from datetime import date, timedelta

LEAP_DAY = 229


def days_within(today: date, first: int, last: int) -> list[int]:
    """Birthdays, month × 100 + day, kept from `first` to `last` days after today."""
    kept = set()
    # A year and a day hold every birthday: 29 February is kept in each, as itself or on the 28th.
    for offset in range(first, min(last, first + 366) + 1):
        day = today + timedelta(days=offset)
        kept.add(day.month * 100 + day.day)
        if (day.month, day.day) == (2, 28) and not isleap(day.year):
            kept.add(LEAP_DAY)
    return sorted(kept)


def days_in_month(month: int) -> list[int]:
    return [month * 100 + day for day in range(1, 32)]
