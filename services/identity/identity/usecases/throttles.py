"""Counting attempts wherever a secret is taken (A2)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from chassis.database import Database, Session
from contracts.errors import TooManyRequests
from contracts.mailboxes import mailbox
from contracts.rpc import Actor
from identity.domain import throttling
from identity.domain.throttling import PER_ADDRESS, PER_LOGIN, PER_MAILBOX, Rule
from identity.exceptions import BUSY, too_many_attempts
from identity.hashing import Lane, Turn
from identity.store import throttles

# How long a log-in waits for others of the same moment, and how often it looks.
PATIENCE_SECONDS, LOOK_AGAIN_SECONDS = 5.0, 0.05

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


def by_mailbox(email: str) -> AttemptCounters:
    """The counter of mails to a mailbox that nobody has confirmed, from all accounts and however it is spelled."""
    return [(throttling.login_key("mailbox", mailbox(email)), PER_MAILBOX)]


def log_in_counters(
    database: Database, kind: str, login: str, actor: Actor, *, knows_code: bool
) -> tuple[AttemptCounters, Turn]:
    """What a log-in counts against, and whose turn its password takes.

    Whoever shows a right code of the second factor, and whoever comes from where this login has logged in before, has a
    lane of their own: a stranger's wrong guesses lock out other strangers. Looked up for every login, known or not.
    """
    place = throttling.place_key(kind, login, actor.get("address") or "")
    with database.reading() as session:
        is_known = throttles.knows_place(session, key=place)
    if knows_code:
        lane = throttling.login_key(_with_code(kind), login)
    else:
        lane = place if is_known else throttling.login_key(kind, login)
    turn = (Lane.KNOWN, lane.hex()) if knows_code or is_known else (Lane.STRANGERS, _network(actor))
    return [(lane, PER_LOGIN), *by_address(actor)], turn


def newcomers_turn(actor: Actor) -> Turn:
    """The turn of somebody who registers."""
    return Lane.NEWCOMERS, _network(actor)


def _network(actor: Actor) -> str:
    """By which strangers are told apart: the address (IPv6: the /64)."""
    return throttling.address_key(actor.get("address") or "").hex()


def link_turn(user_id: UUID) -> Turn:
    """The turn of somebody who has followed a link that was mailed to the user: as good as a right code."""
    return Lane.KNOWN, user_id.hex


def session_turn(actor: Actor) -> Turn:
    """The turn of somebody who is logged in: by the account, as one tenant's users are bounded together."""
    return Lane.SESSIONS, actor.get("account_id") or ""


@contextmanager
def unless_busy(database: Database, counters: AttemptCounters, now: datetime) -> Iterator[None]:
    """Around a password's turn: an attempt that gets none was no guess, and is given back."""
    try:
        yield
    except TooManyRequests:
        with database.transaction() as session:
            give_back(session, counters, now)
        raise


def _with_code(kind: str) -> str:
    return f"{kind}-code"


@contextmanager
def attempt(database: Database, counters: AttemptCounters, now: datetime) -> Iterator[None]:
    """`with throttles.attempt(…):` around a log-in, which is counted first and under way until the block ends.

    A caller who is locked out is refused by one read: a flood neither writes nor queues for a row's lock. But a lock
    that attempts of this very moment have made is waited for: of several log-ins at once with the right password each
    is let in, and of several with wrong ones no more are looked at than one after another.

    :raises TooManyRequests: locked, and nothing is counted; nor is it where the block found no turn to hash in.
    """
    _begin(database, counters, now)
    try:
        yield
    except TooManyRequests as error:
        if error.code == BUSY:
            with database.transaction() as session:
                give_back(session, counters, now)
        raise
    finally:
        with database.transaction() as session:
            for key, _ in counters:
                throttles.end_attempt(session, key=key)


def _begin(database: Database, counters: AttemptCounters, now: datetime) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        wait, is_worth_waiting = _blocked(database, counters, now)
        if not wait:
            try:
                with database.transaction() as session:
                    count_attempt(session, counters, now, is_under_way=True)
                return
            except TooManyRequests as error:  # others were faster
                wait, is_worth_waiting = error.extra["retry_after"], True
        if not is_worth_waiting or time.monotonic() > ends:
            raise too_many_attempts(wait)
        time.sleep(LOOK_AGAIN_SECONDS)


def _blocked(database: Database, counters: AttemptCounters, now: datetime) -> tuple[int, bool]:
    """Seconds that the longest lock lasts, and whether all that lock may be gone in a moment."""
    with database.reading() as session:
        found = throttles.throttles_of(session, keys=[key for key, _ in counters])
    locked = [throttle for throttle in found if throttling.seconds_blocked(throttle, now)]
    wait = max((throttling.seconds_blocked(throttle, now) for throttle in locked), default=0)
    return wait, all(throttling.is_worth_waiting(throttle, now) for throttle in locked)


def count_attempt(session: Session, counters: AttemptCounters, now: datetime, *, is_under_way: bool = False) -> None:
    """Count an attempt, taken for a failure until it is given back; raises `TooManyRequests` and counts nothing."""
    locked = [(key, rule, throttles.throttle_for_update(session, key=key, now=now)) for key, rule in counters]
    wait = max((throttling.seconds_blocked(throttle, now) for _, _, throttle in locked), default=0)
    if wait:
        raise too_many_attempts(wait)
    for key, rule, throttle in locked:
        counted = throttling.after_attempt(throttle, rule, now, is_under_way=is_under_way)
        throttles.store_throttle(session, key=key, throttle=counted)


def takes_another(session: Session, counters: AttemptCounters, now: datetime) -> bool:
    """Count one more, if it may be; for what is left out in silence where it may not."""
    try:
        count_attempt(session, counters, now)
    except TooManyRequests:
        return False
    return True


def lock(session: Session, counters: AttemptCounters, now: datetime) -> None:
    """Lock the counters: before the user, always, or two acts of one user wait for each other."""
    for key, _ in counters:
        throttles.throttle_for_update(session, key=key, now=now)


def forgive(session: Session, kind: str, login: str) -> None:
    """Forget a login's failures, in all its lanes: as the user has followed a link by mail, or an operator says so."""
    login_key = throttling.login_key(kind, login)
    lanes = [login_key, throttling.login_key(_with_code(kind), login)]
    throttles.forget(session, keys=[*lanes, *throttles.places_of(session, login_key=login_key)])


def remember_place(session: Session, kind: str, login: str, actor: Actor, now: datetime) -> None:
    """Remember that the login's holder was there: its log-ins from there have a lane of their own from now on."""
    place = throttling.place_key(kind, login, actor.get("address") or "")
    throttles.remember_place(session, key=place, login_key=throttling.login_key(kind, login), now=now)


def give_back(session: Session, counters: AttemptCounters, now: datetime) -> None:
    """Uncount an attempt that was no failure, and no success either."""
    for key, _ in counters:
        throttle = throttles.throttle_for_update(session, key=key, now=now)
        throttles.store_throttle(session, key=key, throttle=throttling.after_refund(throttle))


def succeed(session: Session, counters: AttemptCounters, now: datetime) -> None:
    """Note that the secret was right: the login's failures are forgotten, the address gets this one attempt back."""
    throttles.forget(session, keys=[counters[0][0]])
    give_back(session, counters[1:], now)


def sweep(session: Session, *, now: datetime) -> None:
    """Drop what has expired: sessions, devices, links, and throttles that no longer matter."""
    throttles.sweep(session, now=now)
