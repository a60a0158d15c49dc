"""Counting attempts at a door that takes a secret (A2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from chassis.database import Database
from contracts.rpc import Actor
from identity.domain import throttling
from identity.domain.throttling import PER_ADDRESS, PER_LOGIN, Rule
from identity.exceptions import too_many_attempts
from identity.store import throttles

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Doors = Sequence[tuple[bytes, Rule]]


def doors(kind: str, login: str, actor: Actor) -> Doors:
    """What an attempt counts against: the login first, then the address, always locked in that order."""
    return [*by_login(kind, login), *by_address(actor)]


def by_login(kind: str, login: str) -> Doors:
    """By itself: for what may happen as often as an attempt may fail, whoever asks, and is never given back."""
    return [(throttling.login_key(kind, login), PER_LOGIN)]


def by_address(actor: Actor) -> Doors:
    """Where there is no login to count against: whoever registers can be told that a name is taken, so that names could
    be tried one after another; an address is told so as often as it may guess passwords."""
    address = actor.get("address")
    return [(throttling.address_key(address), PER_ADDRESS)] if address else []


def refuse_blocked(database: Database, at: Doors, now: datetime) -> None:
    """Tell whoever is locked out so by one read: a flood of attempts neither writes nor queues for a row's lock.

    Whoever is not gets no further by that: `count_attempt` looks again, under the lock.
    """
    with database.reading() as session:
        wait = throttling.seconds_until(throttles.blocked_until(session, keys=[key for key, _ in at]), now)
    if wait:
        raise too_many_attempts(wait)


def count_attempt(session: Session, at: Doors, now: datetime) -> None:
    """Count an attempt, taken for a failure until it is given back; raises `TooManyRequests` and counts nothing."""
    held = [(key, rule, throttles.throttle_for_update(session, key=key, now=now)) for key, rule in at]
    wait = max((throttling.seconds_blocked(throttle, now) for _, _, throttle in held), default=0)
    if wait:
        raise too_many_attempts(wait)
    for key, rule, throttle in held:
        throttles.store_throttle(session, key=key, throttle=throttling.after_attempt(throttle, rule, now))


def lock(session: Session, at: Doors, now: datetime) -> None:
    """Lock what an attempt counts against: before its user, always, or two acts of one user wait for each other."""
    for key, _ in at:
        throttles.throttle_for_update(session, key=key, now=now)


def forgive(session: Session, kind: str, login: str) -> None:
    """Forget a login's failures: a stranger's guesses do not lock out whoever has proved by mail to be its user."""
    throttles.forget(session, key=throttling.login_key(kind, login))


def give_back(session: Session, at: Doors, now: datetime) -> None:
    """The attempt was no failure, and no success either."""
    for key, _ in at:
        throttle = throttles.throttle_for_update(session, key=key, now=now)
        throttles.store_throttle(session, key=key, throttle=throttling.after_refund(throttle))


def succeed(session: Session, at: Doors, now: datetime) -> None:
    """The secret was right: the login's failures are forgotten, the address gets this one attempt back."""
    throttles.forget(session, key=at[0][0])
    give_back(session, at[1:], now)
