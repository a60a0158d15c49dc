"""Days of an account's time zone, from UTC's days and the hours at their edges."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from reporting.domain.zone_days import by_zone_day, spans_of_other_days

START = datetime(2026, 10, 23, tzinfo=UTC)  # the night in which Warsaw's clocks change is in these days
DAYS = 240  # two changes of the clocks
ZONES = [
    "UTC",
    "Europe/Lisbon",
    "Europe/Warsaw",
    "America/Los_Angeles",
    "Pacific/Kiritimati",
    "Etc/GMT+12",
    "Asia/Kathmandu",
]
ACCEPTED = st.lists(st.tuples(st.integers(0, 24 * DAYS - 1), st.sampled_from(["sms", "email"]), st.integers(1, 9)))


@given(ACCEPTED, st.sampled_from(ZONES))
def test_every_hour_counts_on_the_day_that_the_zones_clocks_show(
    accepted: list[tuple[int, str, int]], zone: str
) -> None:
    by_day: Counter[tuple[date, str]] = Counter()
    moved: Counter[tuple[date, date, str]] = Counter()
    expected: Counter[tuple[date, str]] = Counter()
    others = {
        (span.first + timedelta(days=n), hour): span.first + timedelta(days=n) + span.step
        for span in spans_of_other_days(zone, START.date(), START.date() + timedelta(days=DAYS))
        for n in range((span.last - span.first).days + 1)
        for hour in span.hours
    }
    for after, channel, messages in accepted:
        hour = START + timedelta(hours=after)
        by_day[hour.date(), channel] += messages
        expected[hour.astimezone(ZoneInfo(zone)).date(), channel] += messages
        if there := others.get((hour.date(), hour.hour)):
            moved[hour.date(), there, channel] += messages

    found = by_zone_day(_amounts(by_day), _amounts(moved))

    assert {key: one["messages"] for key, one in found.items() if one["messages"]} == expected
    assert list(found) == sorted(found)


def test_what_changed_of_messages_without_hours_takes_no_day_below_nothing() -> None:
    late = (date(2026, 10, 24), date(2026, 10, 25), "sms")  # counted by an older release, delivered since
    found = by_zone_day(
        {(date(2026, 10, 24), "sms"): {"deferred": 0, "delivered": 1}}, {late: {"deferred": -1, "delivered": 1}}
    )

    assert found[date(2026, 10, 25), "sms"] == {"deferred": 0, "delivered": 1}
    assert min(min(one.values()) for one in found.values()) == 0


def _amounts(counted: Counter[Any]) -> dict[Any, dict[str, int]]:
    return {key: {"messages": messages} for key, messages in counted.items()}
