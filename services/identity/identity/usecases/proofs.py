"""Proofs: what opens doors for good asks once more who is there, unless the log-in is fresh.

A session that lies open on a desk, or whose token was stolen, makes no key, no user and no second factor by itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from chassis.actors import account_of
from chassis.database import Database, Session
from chassis.secrets import Vault
from contracts.errors import Invalid
from contracts.rpc import Actor
from identity import exceptions
from identity.hashing import Passwords
from identity.store import audit, sessions, users
from identity.usecases import second_factor_checks, throttles
from identity.usecases.actors import session_user_of

FRESH = timedelta(minutes=10)


def ensure_recent(session: Session, *, actor: Actor, now: datetime) -> None:
    """A key has no password: what it makes is bounded by itself, and revoked with it.

    :raises Forbidden: `session.proof_required`.
    """
    session_id = actor.get("session_id")
    if not session_id:
        return
    proved_at = sessions.proved_at(session, session_id=UUID(session_id))
    if proved_at is None:
        raise exceptions.session_invalid()
    if now - proved_at >= FRESH:
        raise exceptions.proof_required()


def prove(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    passwords: Passwords,
    vault: Vault,
    password: str | None,
    code: str | None,
) -> None:
    """Prove once more that it is the user, by the password or a code. Wrong guesses are slowed like log-ins."""
    user_id, account_id = session_user_of(actor), account_of(actor)
    counters = throttles.counters_of("password" if code is None else "totp", str(user_id), actor)
    with database.transaction() as session:
        throttles.count_attempt(session, counters, now)
        user = users.user(session, account_id=account_id, user_id=user_id)
    if user is None:
        raise exceptions.session_invalid()
    with throttles.unless_busy(database, counters, now):
        turn = throttles.session_turn(actor)
        is_right = password is not None and passwords.verify(user.password_hash, password, turn)
    with database.transaction() as session:
        throttles.lock(session, counters, now)
        current = users.as_checked(session, user)
        if current is None:
            raise exceptions.session_invalid()
        if code is not None:
            # A seed that was never confirmed proves nothing: whoever had the session for a moment may have made it.
            is_right = second_factor_checks.is_on(current) and second_factor_checks.accepts(
                session, vault, current, code, now
            )
        if is_right:
            throttles.succeed(session, counters, now)
            sessions.prove(session, session_id=UUID(actor["session_id"] or ""), now=now)
            audit.record(session, actor, now, "session.proved", account_id=account_id, target_id=actor["session_id"])
    if not is_right and code is None:
        raise Invalid.of_field("password", "password.wrong", "This is not your password.")
    if not is_right:
        raise Invalid.of_field("code", "totp.wrong", "The code is wrong or has been used.")
