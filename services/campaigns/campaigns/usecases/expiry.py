"""Until when files and links lead somewhere."""

from __future__ import annotations

from datetime import datetime, timedelta

from campaigns import exceptions

MOST_YEARS = 10


def ensure_to_come(expires_at: datetime | None, now: datetime) -> None:
    """:raises Invalid: that time has passed, or is too far ahead."""
    if expires_at is None:
        return
    if expires_at <= now:
        raise exceptions.ends_in_the_past()
    if expires_at > now + timedelta(days=365 * MOST_YEARS):
        raise exceptions.ends_too_late(MOST_YEARS)
