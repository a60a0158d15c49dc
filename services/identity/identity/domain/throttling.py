"""How failed log-ins are slowed and then locked (A2), per login and per address.

An attempt is counted before the password is looked at and given back when it was right: a thousand attempts at once
then cannot all pass before the first one has failed. A login that does not exist is counted like one that does.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from identity.domain.networks import network_of


@dataclass(frozen=True)
class Rule:
    """`free` failures cost nothing; each one more waits twice as long; from `locked_at` on, `lock`."""

    free: int
    locked_at: int
    lock: timedelta
    forgotten_after: timedelta


PER_LOGIN = Rule(free=4, locked_at=10, lock=timedelta(minutes=15), forgotten_after=timedelta(hours=1))
PER_ADDRESS = Rule(free=40, locked_at=60, lock=timedelta(minutes=15), forgotten_after=timedelta(hours=1))
# Mails that prove a mailbox go to whoever was named, who may have asked for nothing: so many a day, whoever asks.
PER_MAILBOX = Rule(free=4, locked_at=5, lock=timedelta(days=1), forgotten_after=timedelta(days=1))
LONGEST_WAIT = timedelta(seconds=60)
# Verifying a password takes 20 ms, and a second where many are verified.
LONGEST_CHECK = timedelta(seconds=10)


@dataclass(frozen=True)
class Throttle:
    failures: int
    last_at: datetime
    blocked_until: datetime | None
    under_way: int = 0
    """Attempts, among the failures, of which it is not known yet whether they are."""


def seconds_blocked(throttle: Throttle, now: datetime) -> int:
    """Whole seconds until another attempt is allowed; 0 when it is allowed now."""
    return seconds_until(throttle.blocked_until, now)


def seconds_until(moment: datetime | None, now: datetime) -> int:
    """Whole seconds from now, rounded up; 0 for a moment that has passed or never was."""
    return 0 if moment is None or moment <= now else math.ceil((moment - now).total_seconds())


def after_attempt(throttle: Throttle, rule: Rule, now: datetime, *, is_under_way: bool = False) -> Throttle:
    """The state once an attempt, taken for a failure, is counted."""
    is_old = now - throttle.last_at > rule.forgotten_after
    failures = 1 if is_old else throttle.failures + 1
    under_way = (0 if is_old else throttle.under_way) + is_under_way
    return Throttle(failures, now, _blocked_until(failures, rule, now), under_way)


def after_refund(throttle: Throttle) -> Throttle:
    """The state once the last attempt proves to have been no failure."""
    return Throttle(max(throttle.failures - 1, 0), throttle.last_at, None, throttle.under_way)


def is_worth_waiting(throttle: Throttle, now: datetime) -> bool:
    """Whether the block may be gone in a moment: attempts of this moment are under way and may prove right.

    One that a crash has left behind is not waited for.
    """
    return throttle.under_way > 0 and now - throttle.last_at < LONGEST_CHECK


def login_key(kind: str, login: str) -> bytes:
    """Key of a login's throttle; `kind` keeps users, operators and other secrets apart."""
    return hashlib.sha256(f"{kind}:{login.casefold()}".encode("utf-8", "replace")).digest()


def place_key(kind: str, login: str, address: str) -> bytes:
    """Key of a login's throttle for the network of an address; it is also how that network is remembered."""
    network = network_of(address, ipv4_bits=24)
    return hashlib.sha256(f"place:{kind}:{login.casefold()}:{network}".encode("utf-8", "replace")).digest()


def address_key(address: str) -> bytes:
    """Key of an address's throttle. One IPv6 customer holds a /64, so that is what counts."""
    return hashlib.sha256(f"address:{network_of(address, ipv4_bits=32)}".encode()).digest()


def _blocked_until(failures: int, rule: Rule, now: datetime) -> datetime | None:
    if failures >= rule.locked_at:
        return now + rule.lock
    if failures > rule.free:
        return now + min(timedelta(seconds=2 ** (failures - rule.free - 1)), LONGEST_WAIT)
    return None
