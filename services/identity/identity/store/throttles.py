"""Failures per login and per address, and the sweep of what has expired."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from identity.domain.throttling import Throttle
from identity.models import KnownDevice, LoginThrottle, OneTimeLink, TrustedDevice
from identity.models import Session as LogIn

_BLOCKED_UNTIL = text("SELECT max(blocked_until) FROM login_throttles WHERE key = ANY(:keys)")
KEEP_THROTTLES = timedelta(days=1)
KEEP_DEVICES = timedelta(days=180)


def throttle_for_update(session: Session, *, key: bytes, now: datetime) -> Throttle:
    """The key's throttle, locked until the transaction ends; a new one where there was none."""
    session.execute(insert(LoginThrottle).values(key=key, failures=0, last_at=now).on_conflict_do_nothing())
    query = select(LoginThrottle.failures, LoginThrottle.last_at, LoginThrottle.blocked_until)
    row = session.execute(query.where(LoginThrottle.key == key).with_for_update()).one()
    return Throttle(row.failures, row.last_at, row.blocked_until)


def blocked_until(session: Session, *, keys: Collection[bytes]) -> datetime | None:
    """Until when the longest block of `keys` lasts, as it was committed last; waits for nobody."""
    moment: datetime | None = session.scalar(_BLOCKED_UNTIL, {"keys": list(keys)})
    return moment


def store_throttle(session: Session, *, key: bytes, throttle: Throttle) -> None:
    session.execute(
        update(LoginThrottle)
        .where(LoginThrottle.key == key)
        .values(failures=throttle.failures, last_at=throttle.last_at, blocked_until=throttle.blocked_until)
    )


def forget(session: Session, *, key: bytes) -> None:
    session.execute(delete(LoginThrottle).where(LoginThrottle.key == key))


def sweep(session: Session, *, now: datetime) -> None:
    """Drop expired sessions (their tokens go with them), devices and links, and throttles that no longer matter."""
    session.execute(delete(LogIn).where(LogIn.expires_at <= now))
    session.execute(delete(TrustedDevice).where(TrustedDevice.expires_at <= now))
    session.execute(delete(KnownDevice).where(KnownDevice.last_seen_at <= now - KEEP_DEVICES))
    session.execute(delete(OneTimeLink).where(OneTimeLink.expires_at <= now))
    session.execute(delete(LoginThrottle).where(LoginThrottle.last_at <= now - KEEP_THROTTLES))
