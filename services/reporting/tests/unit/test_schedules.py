"""When reports come by mail, and of which days they are."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.reporting.schedules import ScheduleKind
from reporting.domain.schedules import next_moment, period

START = datetime(2020, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 20 * 366 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))
ZONES = st.sampled_from(["UTC", "Europe/Warsaw", "Pacific/Auckland", "America/Los_Angeles"])
REGULAR = st.sampled_from([ScheduleKind.WEEKLY, ScheduleKind.MONTHLY])


@given(REGULAR, MOMENTS, ZONES)
def test_the_next_is_later_at_eight_and_of_the_days_just_before(kind: ScheduleKind, after: datetime, zone: str) -> None:
    moment = next_moment(kind, after, zone)

    assert moment is not None
    there = moment.astimezone(ZoneInfo(zone))
    assert after < moment <= after + timedelta(days=32)
    assert there.hour == 8
    first, last = period(kind, moment, zone)
    assert last + timedelta(days=1) == there.date()
    assert first.weekday() == 0 if kind is ScheduleKind.WEEKLY else first.day == 1
    late = period(kind, moment + timedelta(days=3), zone)
    assert late == (first, last)


def test_a_day_of_each() -> None:
    after = datetime(2026, 11, 24, 8, tzinfo=UTC)

    assert next_moment(ScheduleKind.WEEKLY, after, "Europe/Warsaw") == datetime(2026, 11, 30, 7, tzinfo=UTC)
    assert next_moment(ScheduleKind.MONTHLY, after, "Europe/Warsaw") == datetime(2026, 12, 1, 7, tzinfo=UTC)
    assert next_moment(ScheduleKind.CAMPAIGN, after, "Europe/Warsaw") is None
    assert period(ScheduleKind.MONTHLY, datetime(2026, 3, 1, 9, tzinfo=UTC), "UTC") == (
        date(2026, 2, 1), date(2026, 2, 28)
    )  # fmt: skip


@pytest.mark.parametrize("zone", ["Europe/Warsaw", "America/New_York"])
def test_nights_in_which_clocks_change_miss_no_week(zone: str) -> None:
    at, moments = datetime(2026, 1, 1, tzinfo=UTC), []
    while at.year == 2026:
        moment = next_moment(ScheduleKind.WEEKLY, at, zone)
        assert moment is not None
        moments.append(moment)
        at = moment
    assert len(moments) == 53
    assert len({moment.date() for moment in moments}) == 53
