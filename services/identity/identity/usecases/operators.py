"""Operators: made, reset and shut out by a command; their log-in, which always needs a code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.database import Database, Session
from chassis.ids import new_id
from chassis.secrets import Vault
from contracts.errors import WiciError, operator_required
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import passwords as password_rules
from identity.domain import tokens
from identity.domain.totp import matching_step, new_secret
from identity.hashing import Passwords, Turn
from identity.models import Operator
from identity.store import audit, operators, sessions
from identity.usecases import throttles, views
from identity.usecases.announcements import announce_access_changed
from identity.usecases.second_factor_checks import would_accept
from identity.usecases.session_tokens import issue_tokens

KIND = "operator"
"""Of log-ins, for `throttles`."""
# The shell knows no operator: the trail says at least where the act came from.
COMMAND = "python -m identity.commands.operators"


def ensure_active(session: Session, actor: Actor) -> None:
    """:raises Forbidden: an operator asks who does not exist, or was shut out; whoever else asks is not looked at."""
    operator_id = actor.get("operator_id")
    if operator_id is None:
        return
    operator = operators.operator(session, operator_id=UUID(operator_id))
    if operator is None or operator.disabled_at is not None:
        raise operator_required()


def asked_by_active(use_case: Callable[..., Any]) -> Callable[..., Any]:
    """The use case, for everybody but operators who are none (any more)."""

    def checked(session: Session, *, actor: Actor, **given: Any) -> Any:
        ensure_active(session, actor)
        return use_case(session, actor=actor, **given)

    return checked


def add(
    database: Database, *, now: datetime, passwords: Passwords, vault: Vault, login: str, email: str
) -> tuple[str, str] | None:
    """Add an operator; the one-time password and the TOTP secret, or None when the login is taken."""
    password, secret = tokens.new_token(""), new_secret()
    operator_id = new_id()
    with database.transaction() as session:
        if not operators.insert_operator(
            session,
            id=operator_id,
            login=login,
            email=email,
            password_hash=passwords.hash(password),
            totp_secret=vault.encrypt(secret.encode()),
            created_at=now,
        ):
            return None
        audit.record(session, {}, now, "operator.added", account_id=None, target_id=operator_id, reason=COMMAND)
    return password, secret


def reset(
    database: Database, *, now: datetime, passwords: Passwords, vault: Vault, login: str
) -> tuple[str, str] | None:
    """Make a new one-time password and TOTP secret for an operator who has lost them; None for an unknown login."""
    password, secret = tokens.new_token(""), new_secret()
    password_hash = passwords.hash(password)
    with database.transaction() as session:
        operator = operators.operator_by_login(session, login=login, for_update=True)
        if operator is None:
            return None
        operator.password_hash = password_hash
        operator.must_change_password = True
        operator.totp_secret = vault.encrypt(secret.encode())
        operator.totp_last_step = 0
        operator.disabled_at = None
        _end_sessions(session, operator, now, "operator.reset")
    return password, secret


def disable(database: Database, *, now: datetime, login: str) -> bool:
    """Shut an operator out at once; False for an unknown login."""
    with database.transaction() as session:
        operator = operators.operator_by_login(session, login=login, for_update=True)
        if operator is None:
            return False
        operator.disabled_at = now
        _end_sessions(session, operator, now, "operator.disabled")
    return True


def _end_sessions(session: Session, operator: Operator, now: datetime, action: str) -> None:
    session.flush()
    sessions.end_operator_sessions(session, operator_id=operator.id)
    audit.record(session, {}, now, action, account_id=None, target_id=operator.id, reason=COMMAND)
    announce_access_changed(session, account_id=None, operator_id=operator.id)


def unlock(database: Database, *, now: datetime, login: str) -> bool:
    """Forget an operator's failed log-ins, from wherever they came; False for an unknown login."""
    with database.transaction() as session:
        throttles.forgive(session, KIND, login)
        operator = operators.operator_by_login(session, login=login)
        if operator is None:
            return False
        audit.record(session, {}, now, "operator.unlocked", account_id=None, target_id=operator.id, reason=COMMAND)
    return True


def log_in(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    passwords: Passwords,
    vault: Vault,
    login: str,
    password: str,
    totp: str,
    new_password: str | None,
) -> views.View:
    """Open an operator's session: password and code, and a new password in place of the one-time one."""
    login = login.strip().casefold()
    with database.reading() as session:
        operator = operators.operator_by_login(session, login=login)
    sealed, last_step = (operator.totp_secret, operator.totp_last_step) if operator else (None, 0)
    knows_code = would_accept(vault, sealed, last_step, totp, now)
    counters, turn = throttles.log_in_counters(database, KIND, login, actor, knows_code=knows_code)
    with passwords.queue(turn), throttles.attempt(database, counters, now):
        is_right = passwords.verify(operator.password_hash if operator else None, password, turn, is_queued=True)
        if operator is None or not is_right or operator.disabled_at is not None:
            raise exceptions.wrong_credentials()
        new_hash = None
        if operator.must_change_password:
            if not knows_code:  # only looked at: a code is used up when the session opens
                raise exceptions.totp_wrong()
            new_hash = _new_hash(passwords, turn, login, password, new_password)
        with database.transaction() as session:
            outcome = _admit(session, vault, now, counters, login, code=totp, new_hash=new_hash)
            if isinstance(outcome, Operator):
                throttles.remember_place(session, KIND, login, actor, now)
                return _open(session, actor, now, outcome)
    raise outcome


def _new_hash(passwords: Passwords, turn: Turn, login: str, password: str, new_password: str | None) -> str:
    """:raises Unauthenticated: none was chosen in place of the one-time password."""
    if new_password is None or new_password == password:
        raise exceptions.password_change_required()
    password_rules.ensure_acceptable(new_password, login=login, field="new_password")
    return passwords.hash(new_password, turn, is_queued=True)


def _admit(
    session: Session,
    vault: Vault,
    now: datetime,
    counters: throttles.AttemptCounters,
    login: str,
    *,
    code: str,
    new_hash: str | None,
) -> Operator | WiciError:
    """The operator, locked, with the code used up; or the error to raise once what was counted is committed."""
    operator = operators.operator_by_login(session, login=login, for_update=True)
    if operator is None or operator.disabled_at is not None:  # shut out while the password was being verified
        return exceptions.wrong_credentials()
    if not _use_code(session, vault, operator, code, now):
        return exceptions.totp_wrong()
    if operator.must_change_password and new_hash is None:
        return exceptions.password_change_required()
    if new_hash is not None:
        if not operator.must_change_password:  # somebody else was first with the one-time password
            return exceptions.wrong_credentials()
        operator.password_hash = new_hash
        operator.must_change_password = False
    throttles.succeed(session, counters, now)
    return operator


def _open(session: Session, actor: Actor, now: datetime, operator: Operator) -> views.View:
    opened = sessions.insert_session(
        session,
        id=new_id(),
        operator_id=operator.id,
        address=actor.get("address"),
        created_at=now,
        last_used_at=now,
        proved_at=now,
        expires_at=now + tokens.OPERATOR_REFRESH_LIFE,
    )
    signed: Actor = {**actor, "operator_id": str(operator.id)}
    audit.record(session, signed, now, "operator.session_opened", account_id=None, target_id=opened.id)
    return issue_tokens(session, opened, now)


def _use_code(session: Session, vault: Vault, operator: Operator, code: str, now: datetime) -> bool:
    secret = vault.decrypt(operator.totp_secret).decode()
    step = matching_step(secret, code, now, last_step=operator.totp_last_step)
    return step is not None and operators.use_totp_step(session, operator_id=operator.id, step=step)
