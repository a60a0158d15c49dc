"""Failures per login and per address, and the sweep of what has expired."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from identity.domain.throttling import Throttle
from identity.models import KnownDevice, LoginPlace, LoginThrottle, OneTimeLink, TrustedDevice
from identity.models import Session as LogIn

_COLUMNS = (
    LoginThrottle.failures, LoginThrottle.last_at, LoginThrottle.blocked_until, LoginThrottle.under_way
)  # fmt: skip
_OF_KEYS = text("SELECT failures, last_at, blocked_until, under_way FROM login_throttles WHERE key = ANY(:keys)")
KEEP_THROTTLES = timedelta(days=1)
KEEP_DEVICES = timedelta(days=180)


def throttle_for_update(session: Session, *, key: bytes, now: datetime) -> Throttle:
    """The key's throttle, locked until the transaction ends; a new one where there was none.

    In one statement: another log-in that succeeds may delete the row at any moment.
    """
    statement = insert(LoginThrottle).values(key=key, failures=0, last_at=now)
    statement = statement.on_conflict_do_update(index_elements=["key"], set_={"key": statement.excluded.key})
    return Throttle(*session.execute(statement.returning(*_COLUMNS)).one())


def throttles_of(session: Session, *, keys: Collection[bytes]) -> list[Throttle]:
    """The throttles of `keys`, as they were committed last; waits for nobody."""
    rows = session.execute(_OF_KEYS, {"keys": list(keys)})
    return [Throttle(*row) for row in rows]


def store_throttle(session: Session, *, key: bytes, throttle: Throttle) -> None:
    session.execute(update(LoginThrottle).where(LoginThrottle.key == key).values(**asdict(throttle)))


def end_attempt(session: Session, *, key: bytes) -> None:
    """One attempt less is under way; what was counted stays counted."""
    under_way = func.greatest(LoginThrottle.under_way - 1, 0)
    session.execute(update(LoginThrottle).where(LoginThrottle.key == key).values(under_way=under_way))


def forget(session: Session, *, keys: Collection[bytes]) -> None:
    session.execute(delete(LoginThrottle).where(LoginThrottle.key.in_(keys)))


def knows_place(session: Session, *, key: bytes) -> bool:
    """Whether somebody has logged in with that login from that network."""
    return session.scalar(select(LoginPlace.key).where(LoginPlace.key == key)) is not None


def remember_place(session: Session, *, key: bytes, login_key: bytes, now: datetime) -> None:
    statement = insert(LoginPlace).values(key=key, login_key=login_key, last_seen_at=now)
    session.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"last_seen_at": now}))


def places_of(session: Session, *, login_key: bytes) -> Sequence[bytes]:
    return session.scalars(select(LoginPlace.key).where(LoginPlace.login_key == login_key)).all()


def sweep(session: Session, *, now: datetime) -> None:
    """Drop expired sessions (their tokens go with them), devices and links, and throttles that no longer matter."""
    session.execute(delete(LogIn).where(LogIn.expires_at <= now))
    session.execute(delete(TrustedDevice).where(TrustedDevice.expires_at <= now))
    session.execute(delete(KnownDevice).where(KnownDevice.last_seen_at <= now - KEEP_DEVICES))
    session.execute(delete(LoginPlace).where(LoginPlace.last_seen_at <= now - KEEP_DEVICES))
    session.execute(delete(OneTimeLink).where(OneTimeLink.expires_at <= now))
    session.execute(delete(LoginThrottle).where(LoginThrottle.last_at <= now - KEEP_THROTTLES))
