"""When a campaign may send: its hour, and the account's quiet hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from campaigns import exceptions

LATENESS_ALLOWED = timedelta(minutes=5)
FURTHEST = timedelta(days=366)


def send_at(at: datetime | None, time_zone: str, now: datetime) -> datetime:
    """The UTC moment to start at; a time without an offset is the account's local time.

    Of an hour that comes twice, when clocks are put back, it is the first; the second can be had by its offset.

    :raises Invalid: more than five minutes ago, more than a year ahead, or a local time that is left out.
    """
    if at is None:
        return now
    try:
        moment = at.astimezone(UTC) if at.tzinfo else _moment_of(at.replace(fold=0), zone_of(time_zone))
    except OverflowError:
        # The first and the last day that there is, in a zone beyond it.
        raise exceptions.in_the_past() if at.year == 1 else exceptions.too_far_ahead() from None
    if moment < now - LATENESS_ALLOWED:
        raise exceptions.in_the_past()
    if moment > now + FURTHEST:
        raise exceptions.too_far_ahead()
    return moment


def _moment_of(local: datetime, zone: ZoneInfo) -> datetime:
    moment = local.replace(tzinfo=zone).astimezone(UTC)
    shown = moment.astimezone(zone).replace(tzinfo=None, fold=0)
    if shown != local:
        raise exceptions.no_such_time(local, shown)
    return moment


def zone_of(name: str | None) -> ZoneInfo:
    """The zone of that name; UTC for none, or one that this machine does not know."""
    try:
        return ZoneInfo(name or "UTC")
    except (ValueError, ZoneInfoNotFoundError):
        return ZoneInfo("UTC")


@dataclass(frozen=True)
class QuietHours:
    """Local times between which nothing starts; `start` after `end` spans midnight."""

    start: time
    end: time


def quiet_hours_of(options: Mapping[str, object]) -> QuietHours | None:
    """Quiet hours as a campaign's options write them: `{"start": "21:00", "end": "08:00"}`."""
    written = options.get("quiet_hours")
    if not isinstance(written, Mapping):
        return None
    return QuietHours(time.fromisoformat(str(written["start"])), time.fromisoformat(str(written["end"])))


def is_quiet(quiet_hours: QuietHours | None, local: datetime) -> bool:
    """Whether `local`, a time in the account's zone, lies in [start, end)."""
    if quiet_hours is None:
        return False
    now = local.time()
    if quiet_hours.start < quiet_hours.end:
        return quiet_hours.start <= now < quiet_hours.end
    return now >= quiet_hours.start or now < quiet_hours.end
