"""SMPP's times: YYMMDDhhmmsstnnp, absolute with a zone or relative (SMPP 3.4 section 7.1.1)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_TIME = re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d)(\d\d)([-+R])", re.ASCII)
_MONTH, _YEAR = timedelta(days=30), timedelta(days=365)
_MOST_QUARTERS = 48


def read(value: str, now: datetime) -> datetime | None:
    """The moment that is meant, None for the empty string. :raises ValueError: it is no time."""
    if not value:
        return None
    match = _TIME.fullmatch(value)
    if match is None:
        raise ValueError("not of the form YYMMDDhhmmsstnnp")
    year, month, day, hour, minute, second, tenth, quarters = map(int, match.groups()[:8])
    if match[9] == "R":
        days = timedelta(days=day, hours=hour, minutes=minute, seconds=second)
        return now + year * _YEAR + month * _MONTH + days
    if quarters > _MOST_QUARTERS:
        raise ValueError("more than twelve hours from UTC")
    local = datetime(2000 + year, month, day, hour, minute, second, tenth * 100_000, tzinfo=UTC)
    offset = timedelta(minutes=15 * quarters)
    return local - offset if match[9] == "+" else local + offset


def absolute(moment: datetime) -> str:
    """A moment in UTC: `261130082959000+`."""
    return moment.astimezone(UTC).strftime("%y%m%d%H%M%S") + "000+"


def short(moment: datetime) -> str:
    """As receipts have it (appendix B): YYMMDDhhmm, UTC."""
    return moment.astimezone(UTC).strftime("%y%m%d%H%M")
