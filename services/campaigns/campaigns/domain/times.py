"""When a campaign may send: its hour, and the account's quiet hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

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


class When(NamedTuple):
    """:ivar send_at: when the campaign begins.
    :ivar local_at: the local time that each recipient's own zone waits for.
    """

    send_at: datetime
    local_at: datetime | None


def when(at: datetime | None, time_zone: str, now: datetime, *, in_own_zones: bool) -> When:
    """As `send_at`; in the recipients' own zones a local time begins where it comes first, or at once where it has come
    already: who has it behind them is sent to then.

    :raises Invalid: as `send_at` in the account's zone.
    """
    moment = send_at(at, time_zone, now)
    if not in_own_zones or at is None or at.tzinfo is not None:
        return When(moment, None)
    local = at.replace(fold=0)
    return When(max(now, local.replace(tzinfo=UTC) - EARLIEST_ZONE), local)


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


def quiet_hours_of(written: object) -> QuietHours | None:
    """Quiet hours as options write them: `{"start": "21:00", "end": "08:00"}`."""
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


EARLIEST_ZONE = timedelta(hours=14)  # ahead of UTC: the Line Islands
MINUTE, DAY_MINUTES = timedelta(minutes=1), 24 * 60


def moment_in(local: datetime, zone: ZoneInfo) -> datetime:
    """When it is that local time in a zone, in UTC. Of an hour that comes twice the first; in one that is left out,
    what the clocks show instead (02:30 is 03:30 in the night when clocks are put forward by an hour at 02:00)."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


@dataclass(frozen=True)
class Hours:
    """When a recipient may be sent to, in the zone that counts for them.

    :ivar local_at: not before this local time.
    """

    quiet: tuple[QuietHours, ...] = ()
    local_at: datetime | None = None

    @property
    def never_open(self) -> bool:
        """Whether the quiet hours together leave no minute of a day."""
        midnight = datetime(2000, 1, 1, tzinfo=UTC)
        return all(self._is_quiet(midnight + MINUTE * minute) for minute in range(DAY_MINUTES))

    def is_open(self, zone: ZoneInfo, now: datetime) -> bool:
        if self.local_at is not None and now < moment_in(self.local_at, zone):
            return False
        return not self._is_quiet(now.astimezone(zone))

    def opens_at(self, zone: ZoneInfo, now: datetime) -> datetime:
        """The first moment from `now` on, to the minute, at which they may be sent to; at most two days after it could
        be, where no hour is open."""
        moment = now if self.local_at is None else max(now, moment_in(self.local_at, zone))
        for _ in range(2 * DAY_MINUTES):
            if self.is_open(zone, moment):
                break
            moment = moment.replace(second=0, microsecond=0) + MINUTE
        return moment

    def _is_quiet(self, local: datetime) -> bool:
        return any(is_quiet(one, local) for one in self.quiet)


def hours_of(*written: object, local_at: datetime | None = None) -> Hours:
    """:param written: quiet hours as options have them, or None."""
    quiet = (quiet_hours_of(one) for one in written)
    return Hours(tuple(one for one in quiet if one is not None), local_at)


def zone_named(name: object) -> ZoneInfo | None:
    """The zone that a recipient's field names; None where it names none."""
    return ZoneInfo(name) if isinstance(name, str) and name in _known_zones() else None


@cache
def _known_zones() -> frozenset[str]:
    """Names are what a customer's contacts have in a field, millions of them: none is looked for on the disk."""
    return frozenset(available_timezones())
