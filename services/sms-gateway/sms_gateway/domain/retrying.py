"""How long and how often a message is tried."""

from __future__ import annotations

from datetime import datetime, timedelta

from contracts.vocabulary import Lane

FIRST_WAIT, LAST_WAIT = timedelta(seconds=4), timedelta(minutes=10)
FIRST_WAIT_OF_CODES = timedelta(milliseconds=250)
DEFAULT_VALIDITY = timedelta(hours=48)
OTP_VALIDITY = timedelta(minutes=30)


def retry_at(now: datetime, attempts: int, jitter: float, lane: Lane = Lane.BULK) -> datetime:
    """When to try again after `attempts` tries: doubling from 4 s, of codes from a quarter of one, to 10 min. `jitter`
    is 0 to 1 and adds up to half."""
    first = FIRST_WAIT_OF_CODES if lane is Lane.OTP else FIRST_WAIT
    wait: timedelta = min(first * (1 << min(attempts, 12)), LAST_WAIT)
    return now + wait * (1 + jitter / 2)


def give_up_at(accepted_at: datetime, lane: Lane, validity_minutes: int | None) -> datetime:
    """After this a message is of no use any more."""
    if validity_minutes:
        return accepted_at + timedelta(minutes=validity_minutes)
    return accepted_at + (OTP_VALIDITY if lane is Lane.OTP else DEFAULT_VALIDITY)
