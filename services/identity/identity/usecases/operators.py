"""Operators: their log-in, which always needs a code, and what they may do to accounts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from chassis import outbox
from chassis.database import Database
from chassis.ids import new_id
from chassis.secrets import Vault
from contracts.errors import WiciError
from contracts.events import PLAN_CHANGED
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import passwords as password_rules
from identity.domain import plans as plan_rules
from identity.domain import tokens
from identity.domain.actors import operator_of
from identity.domain.totp import matching_step, new_secret
from identity.hashing import Passwords
from identity.models import Operator
from identity.store import accounts, audit, billing, operators, quotas, sessions
from identity.usecases import throttles, views
from identity.usecases.announcements import announce_access_changed
from identity.usecases.sessions import issue_tokens

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# The shell knows no operator: the trail says at least whence it came.
COMMAND = "python -m identity.operators"


def add(
    database: Database, passwords: Passwords, vault: Vault, now: datetime, *, login: str, email: str
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
    database: Database, passwords: Passwords, vault: Vault, now: datetime, *, login: str
) -> tuple[str, str] | None:
    """A new one-time password and TOTP secret for an operator who has lost the old ones; None for an unknown login."""
    password, secret = tokens.new_token(""), new_secret()
    password_hash = passwords.hash(password)
    with database.transaction() as session:
        held = operators.operator_by_login(session, login=login, for_update=True)
        if held is None:
            return None
        held.password_hash = password_hash
        held.must_change_password = True
        held.totp_secret = vault.encrypt(secret.encode())
        held.totp_last_step = 0
        held.disabled_at = None
        _end_sessions(session, held, now, "operator.reset")
    return password, secret


def disable(database: Database, now: datetime, *, login: str) -> bool:
    """Shut an operator out at once; False for an unknown login."""
    with database.transaction() as session:
        held = operators.operator_by_login(session, login=login, for_update=True)
        if held is None:
            return False
        held.disabled_at = now
        _end_sessions(session, held, now, "operator.disabled")
    return True


def _end_sessions(session: Session, held: Operator, now: datetime, action: str) -> None:
    session.flush()
    sessions.end_operator_sessions(session, operator_id=held.id)
    audit.record(session, {}, now, action, account_id=None, target_id=held.id, reason=COMMAND)
    announce_access_changed(session, account_id=None, operator_id=held.id)


def log_in(
    database: Database,
    passwords: Passwords,
    vault: Vault,
    actor: Actor,
    now: datetime,
    *,
    login: str,
    password: str,
    totp: str,
    new_password: str | None,
) -> views.View:
    """Open an operator's session: password and code, and a new password in place of the one-time one."""
    login = login.strip().casefold()
    doors = throttles.doors("operator", login, actor)
    throttles.refuse_blocked(database, doors, now)
    with database.transaction() as session:
        throttles.count_attempt(session, doors, now)
        held = operators.operator_by_login(session, login=login)
    right = passwords.verify(held.password_hash if held else None, password)
    if held is None or not right or held.disabled_at is not None:
        raise exceptions.wrong_credentials()
    new_hash = None
    if held.must_change_password:
        if _step_of(vault, held, totp, now) is None:  # only looked at: the code is used up when the session opens
            raise exceptions.totp_wrong()
        if new_password is None or new_password == password:
            raise exceptions.password_change_required()
        password_rules.ensure_acceptable(new_password, login=login, field="new_password")
        new_hash = passwords.hash(new_password)
    with database.transaction() as session:
        outcome = _open(session, vault, actor, now, doors, held.login, code=totp, new_hash=new_hash)
    if isinstance(outcome, WiciError):
        raise outcome
    return outcome


def _open(
    session: Session,
    vault: Vault,
    actor: Actor,
    now: datetime,
    doors: throttles.Doors,
    login: str,
    *,
    code: str,
    new_hash: str | None,
) -> views.View | WiciError:
    held = operators.operator_by_login(session, login=login, for_update=True)
    if held is None or held.disabled_at is not None:  # shut out while the password was being verified
        return exceptions.wrong_credentials()
    if not _use_code(session, vault, held, code, now):
        return exceptions.totp_wrong()
    if held.must_change_password and new_hash is None:
        return exceptions.password_change_required()
    if new_hash is not None:
        if not held.must_change_password:  # somebody else was first with the one-time password
            return exceptions.wrong_credentials()
        held.password_hash = new_hash
        held.must_change_password = False
    throttles.succeed(session, doors, now)
    opened = sessions.insert_session(
        session,
        id=new_id(),
        operator_id=held.id,
        address=actor.get("address"),
        created_at=now,
        last_used_at=now,
        expires_at=now + tokens.OPERATOR_REFRESH_LIFE,
    )
    signed: Actor = {**actor, "operator_id": str(held.id)}
    audit.record(session, signed, now, "operator.session_opened", account_id=None, target_id=opened.id)
    return issue_tokens(session, opened, now)


def _step_of(vault: Vault, held: Operator, code: str, now: datetime) -> int | None:
    secret = vault.decrypt(held.totp_secret).decode()
    return matching_step(secret, code, now, last_step=held.totp_last_step)


def _use_code(session: Session, vault: Vault, held: Operator, code: str, now: datetime) -> bool:
    step = _step_of(vault, held, code, now)
    return step is not None and operators.use_totp_step(session, operator_id=held.id, step=step)


def list_accounts(
    session: Session, actor: Actor, *, limit: int, cursor: str | None, name: str | None, plan: str | None
) -> views.View:
    operator_of(actor)
    rows = accounts.accounts_page(session, after=views.cursor_id(cursor), limit=limit + 1, name=name, plan=plan)
    return views.page(rows, limit, lambda row: views.account(row[0], row[1]), key="account_id")


def set_plan(session: Session, actor: Actor, now: datetime, *, account_id: UUID, plan: str, reason: str) -> views.View:
    """Move an account to another plan, up, down or off (`none`): a new period begins now."""
    operator_of(actor)
    new_plan = billing.plan_to_move_to(session, code=plan)
    if new_plan is None:
        raise exceptions.invalid_field("plan", "plan.unknown", "There is no such plan.")
    moved = accounts.account_for_update(session, account_id=account_id)
    if moved is None:
        raise exceptions.not_found("account")
    if moved.state == "closed":
        raise exceptions.account_inactive(moved.state)
    details = {"before": moved.plan_code, "after": new_plan.code}
    # A plan's periods are told from the one before by their start, which therefore always moves on.
    started_at = max(now, moved.plan_started_at + timedelta(microseconds=1))
    quotas.close_periods(session, account_id=account_id, now=started_at)
    ends_at = plan_rules.ends_at(started_at, new_plan.ends_after_days)
    accounts.move_to_plan(session, moved, plan=new_plan, started_at=started_at, ends_at=ends_at)
    billing.begin_term(session, account_id=account_id, plan=new_plan, starts_at=started_at, ends_at=ends_at)
    audit.record(
        session,
        actor,
        now,
        "account.plan_set",
        account_id=account_id,
        target_id=account_id,
        reason=reason,
        details=details,
    )
    outbox.record(session, PLAN_CHANGED, account_id=account_id, plan=new_plan.code)
    return views.account(moved, new_plan)
