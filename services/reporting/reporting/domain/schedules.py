"""When reports come by mail, and of which days they are."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from contracts.reporting.schedules import ScheduleKind

AT = time(8)
# After a campaign is sent: most people have opened by then who ever will.
AFTER_CAMPAIGN = timedelta(days=1)


def next_moment(kind: ScheduleKind, after: datetime, zone: str) -> datetime | None:
    """The first Monday, or first of a month, at 8 in that zone, that is later; None where each campaign has its own."""
    if kind is ScheduleKind.CAMPAIGN:
        return None
    day = after.astimezone(ZoneInfo(zone)).date()
    for _ in range(32 * 2):
        if (day.weekday() == 0) if kind is ScheduleKind.WEEKLY else (day.day == 1):
            moment = datetime.combine(day, AT, ZoneInfo(zone))
            if moment > after:
                return moment
        day += timedelta(days=1)
    raise AssertionError("every two months have a first and a Monday")


def period(kind: ScheduleKind, at: datetime, zone: str) -> tuple[date, date]:
    """The last whole week (Monday to Sunday) or month before that moment, both days included."""
    today = at.astimezone(ZoneInfo(zone)).date()
    if kind is ScheduleKind.WEEKLY:
        monday = today - timedelta(days=today.weekday())
        return monday - timedelta(days=7), monday - timedelta(days=1)
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last
