"""Counting attempts wherever a secret is taken (A2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chassis.database import Database, Session
from contracts.rpc import Actor
from identity.domain import throttling
from identity.domain.throttling import PER_ADDRESS, PER_LOGIN, Rule
from identity.exceptions import too_many_attempts
from identity.store import throttles

AttemptCounters = Sequence[tuple[bytes, Rule]]
"""What an attempt counts against: keys of throttles, and the rule of each."""


def counters_of(kind: str, login: str, actor: Actor) -> AttemptCounters:
    """The login's counter first, then the address's: always locked in that order."""
    return [*by_login(kind, login), *by_address(actor)]


def by_login(kind: str, login: str) -> AttemptCounters:
    """The login's counter by itself: for what may happen as often as an attempt may fail, and is never given back."""
    return [(throttling.login_key(kind, login), PER_LOGIN)]


def by_address(actor: Actor) -> AttemptCounters:
    """The address's counter by itself, where there is no login to count against.

    A registration can be refused because a name is taken, so names could be tried one after another; an address may do
    so as often as it may guess passwords.
    """
    address = actor.get("address")
    return [(throttling.address_key(address), PER_ADDRESS)] if address else []


def refuse_blocked(database: Database, counters: AttemptCounters, now: datetime) -> None:
    """Refuse a caller who is locked out, by one read: a flood of attempts neither writes nor queues for a row's lock.

    `count_attempt` looks again, under the lock.
    """
    with database.reading() as session:
        wait = throttling.seconds_until(throttles.blocked_until(session, keys=[key for key, _ in counters]), now)
    if wait:
        raise too_many_attempts(wait)


def count_attempt(session: Session, counters: AttemptCounters, now: datetime) -> None:
    """Count an attempt, taken for a failure until it is given back; raises `TooManyRequests` and counts nothing."""
    locked = [(key, rule, throttles.throttle_for_update(session, key=key, now=now)) for key, rule in counters]
    wait = max((throttling.seconds_blocked(throttle, now) for _, _, throttle in locked), default=0)
    if wait:
        raise too_many_attempts(wait)
    for key, rule, throttle in locked:
        throttles.store_throttle(session, key=key, throttle=throttling.after_attempt(throttle, rule, now))


def lock(session: Session, counters: AttemptCounters, now: datetime) -> None:
    """Lock the counters: before the user, always, or two acts of one user wait for each other."""
    for key, _ in counters:
        throttles.throttle_for_update(session, key=key, now=now)


def forgive(session: Session, kind: str, login: str) -> None:
    """Forget a login's failures: a stranger's guesses do not lock out the user who has followed a link by mail."""
    throttles.forget(session, key=throttling.login_key(kind, login))


def give_back(session: Session, counters: AttemptCounters, now: datetime) -> None:
    """Uncount an attempt that was no failure, and no success either."""
    for key, _ in counters:
        throttle = throttles.throttle_for_update(session, key=key, now=now)
        throttles.store_throttle(session, key=key, throttle=throttling.after_refund(throttle))


def succeed(session: Session, counters: AttemptCounters, now: datetime) -> None:
    """Note that the secret was right: the login's failures are forgotten, the address gets this one attempt back."""
    throttles.forget(session, key=counters[0][0])
    give_back(session, counters[1:], now)


def sweep(session: Session, *, now: datetime) -> None:
    """Drop what has expired: sessions, devices, links, and throttles that no longer matter."""
    throttles.sweep(session, now=now)
