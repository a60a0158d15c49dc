"""Hours of the week."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from reporting.domain.weeks import FEWEST, best_hour, week_of

START = datetime(2026, 10, 24, tzinfo=UTC)  # the night in which Warsaw's clocks change is in these days
HOURS = st.dictionaries(
    st.integers(0, 24 * 30),
    st.fixed_dictionaries({"sent": st.integers(0, 50), "opens": st.integers(0, 50), "clicks": st.integers(0, 50)}),
    max_size=40,
)


@given(HOURS, st.sampled_from(["UTC", "Europe/Warsaw", "Asia/Kathmandu", "America/Los_Angeles"]))
def test_every_hour_is_counted_once_in_whatever_zone(hours: dict[int, dict[str, int]], zone: str) -> None:
    listed = [(START + timedelta(hours=after), amounts) for after, amounts in hours.items()]

    days = {"first": START.date() - timedelta(days=1), "last": START.date() + timedelta(days=32)}

    week = week_of(listed, zone, **days)

    for name in ("sent", "opens", "clicks"):
        assert sum(one[name] for one in week) == sum(amounts[name] for amounts in hours.values())
    assert week == week_of(reversed(listed), zone, **days)
    assert all(1 <= one["weekday"] <= 7 and 0 <= one["hour"] <= 23 for one in week)
    best = best_hour(week)
    acts = [one["opens"] + one["clicks"] for one in week]
    assert (best is None) == (sum(acts) < FEWEST)
