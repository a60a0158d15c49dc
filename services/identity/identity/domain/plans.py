"""Periods of plans and their quotas (A7)."""

from __future__ import annotations

from datetime import datetime, timedelta

CONTACTS = "contacts"
QUOTAS = ("sms", "email", "push", "whatsapp", "viber", "rcs")
ADD_ONS = ("attachments", "rcs", "dedicated_ip", "priority_lane")
FIRST_PLAN = "free"
NO_PLAN = "none"


def ends_at(started_at: datetime, ends_after_days: int | None) -> datetime | None:
    """When the plan ends by itself; None for one that goes on."""
    return None if ends_after_days is None else started_at + timedelta(days=ends_after_days)


def leased(*, held: int, at_least: int, wanted: int, remaining: int | None) -> int | None:
    """How many units a lease that holds `held` grants in all; None when `at_least` cannot be had.

    Beyond what is needed it takes no more than a tenth of what remains, so that one channel's lease does not make
    another caller's reservation fail.

    :param remaining: units that nobody holds; None for no limit.
    """
    if at_least <= held:
        return held
    if remaining is None:
        return max(at_least, wanted)
    spare = remaining - (at_least - held)
    return None if spare < 0 else at_least + max(0, min(wanted - at_least, spare // 10))


def used(*, held: int, amount: int, remaining: int | None) -> int:
    """How many of `amount` units a reservation that holds `held` can count as used.

    :param remaining: units that nobody holds; None for no limit.
    """
    return amount if remaining is None else min(amount, held + remaining)


def has_ended(plan_ends_at: datetime | None, now: datetime) -> bool:
    return plan_ends_at is not None and now >= plan_ends_at


def period(started_at: datetime, period_days: int, now: datetime) -> tuple[datetime, datetime]:
    """Start and end of the period that holds `now`; periods follow one another from the plan's start."""
    length = timedelta(days=period_days)
    start = started_at + max((now - started_at) // length, 0) * length
    return start, start + length
