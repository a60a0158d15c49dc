"""The user who asks: what it is and may do, its name and language, its password (A4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.errors import Invalid
from contracts.etags import ensure_current
from contracts.identity.me import Me
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import passwords as password_rules
from identity.domain import rights
from identity.hashing import Passwords
from identity.models import User
from identity.store import api_keys, audit, links, second_factors, sessions, users
from identity.usecases import mail, quotas, throttles, views
from identity.usecases.actors import session_user_of, user_of
from identity.usecases.announcements import announce_access_changed


def get_me(session: Session, *, actor: Actor, now: datetime) -> views.View:
    """The user who asks, with what a panel shows at once: rights, duties, the account's settings, plan and quota."""
    found = users.user_at_home(session, account_id=account_of(actor), user_id=user_of(actor))
    if found is None:
        raise exceptions.session_invalid()
    # The usage asks for the same account and plan: as long as they are held here the session has them.
    row, account, _plan = found
    permissions = set(row.permissions)
    for role in users.roles_of(session, user_ids=[row.id])[row.id]:
        permissions |= set(role.permissions)
    is_due = account.second_factor_required and row.totp_confirmed_at is None
    is_key = bool(actor.get("api_key_id"))
    held = (actor.get("permissions") or []) if is_key else ([] if is_due else permissions)
    return views.me(
        row,
        account,
        quotas.get_usage(session, actor=actor, now=now),
        permissions=sorted(permissions),
        allowed=rights.allowed(held, is_key=is_key),
        is_due=is_due and not is_key,
    )


def update_me(
    session: Session, *, actor: Actor, now: datetime, if_match: list[str] | None = None, **changes: Any
) -> views.View:
    """Change the actor's own name or language."""
    user_id = session_user_of(actor)
    row = users.user_for_update(session, account_id=account_of(actor), user_id=user_id)
    if row is None:
        raise exceptions.session_invalid()
    if if_match is not None:
        ensure_current(if_match, Me, get_me(session, actor=actor, now=now))
    for field, value in changes.items():
        setattr(row, field, value)
    audit.record(session, actor, now, "user.changed", account_id=row.account_id, target_id=row.id, details=changes)
    session.flush()
    return get_me(session, actor=actor, now=now)


def change_password(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    passwords: Passwords,
    old_password: str,
    new_password: str,
    revoke_api_keys: bool = False,
) -> None:
    """Set a new password in place of the old one; every other session ends, and on demand every key of the user.

    Wrong guesses are slowed like log-ins.
    """
    user_id, account_id = session_user_of(actor), account_of(actor)
    counters = throttles.counters_of("password", str(user_id), actor)
    with database.transaction() as session:
        row = _own(session, actor)
        password_rules.ensure_acceptable(new_password, login=row.login, field="new_password")
        throttles.count_attempt(session, counters, now)
    turn = throttles.session_turn(actor)
    with throttles.unless_busy(database, counters, now):
        is_right = passwords.verify(row.password_hash, old_password, turn)
        password_hash = passwords.hash(new_password, turn) if is_right else ""
    if not is_right:
        raise Invalid.of_field("old_password", "password.wrong", "This is not your password.")
    with database.transaction() as session:
        throttles.succeed(session, counters, now)
        current = users.as_checked(session, row)
        if current is None:
            raise exceptions.session_invalid()
        current.password_hash = password_hash
        sessions.end_sessions_of(session, user_id=user_id, except_id=UUID(actor["session_id"] or ""))
        second_factors.forget_devices(session, user_id=user_id)
        links.drop_links(session, user_id=user_id)
        details = (
            {"api_keys_revoked": api_keys.revoke_keys_of(session, user_id=user_id, now=now)} if revoke_api_keys else {}
        )
        audit.record(session, actor, now, "password.changed", account_id=account_id, target_id=user_id, details=details)
        mail.tell(session, actor, "password.changed", current)
        announce_access_changed(session, account_id=account_id, user_id=user_id)


def _own(session: Session, actor: Actor) -> User:
    row = users.user(session, account_id=account_of(actor), user_id=user_of(actor))
    if row is None:
        raise exceptions.session_invalid()
    return row
