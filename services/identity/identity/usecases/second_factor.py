"""The second factor (A12): enrolment, recovery codes, the account's rule, reset."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import segno

from chassis.actors import account_of, operator_of
from chassis.database import Database, Session
from chassis.secrets import Vault
from contracts.errors import Invalid
from contracts.etags import ensure_current
from contracts.identity.second_factor import SecuritySettings
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import recovery, totp
from identity.models import User
from identity.store import accounts, audit, second_factors, sessions, users
from identity.usecases import mail, proofs, throttles, views
from identity.usecases.actors import session_user_of
from identity.usecases.announcements import announce_access_changed
from identity.usecases.second_factor_checks import accepts, is_on

T = TypeVar("T")


def begin(session: Session, *, actor: Actor, now: datetime, vault: Vault) -> views.View:
    """Make a new seed, which is in force once a code has confirmed it."""
    user = _own(session, actor)
    proofs.ensure_recent(session, actor=actor, now=now)
    if is_on(user):
        raise exceptions.conflict("totp.already_on", "The second factor is on; turn it off first.")
    secret = totp.new_secret()
    user.totp_secret = vault.encrypt(secret.encode())
    user.totp_last_step = 0
    address = totp.uri(secret, user.login)
    return {"secret": secret, "uri": address, "qr_svg": _qr_svg(address)}


def confirm(session: Session, *, actor: Actor, now: datetime, vault: Vault, code: str) -> views.View:
    """Put the seed in force by a first code; the recovery codes are in the answer this once."""
    user = _own(session, actor)
    proofs.ensure_recent(session, actor=actor, now=now)
    if is_on(user) or user.totp_secret is None:
        raise exceptions.conflict("totp.not_begun", "There is no seed to confirm; begin anew.")
    if not accepts(session, vault, user, code, now):
        raise Invalid.of_field("code", "totp.wrong", "The code is wrong.")
    user.totp_confirmed_at = now
    codes = _new_codes(session, user)
    _record(session, actor, now, user, "totp.turned_on")
    mail.tell(session, actor, "totp.turned_on", user)
    return {"recovery_codes": codes}


def renew_codes(database: Database, *, actor: Actor, now: datetime, vault: Vault, code: str) -> views.View:
    """New recovery codes in place of the old ones, which takes a code of the second factor, or one of the old."""

    def renew(session: Session, user: User) -> list[str]:
        codes = _new_codes(session, user)
        _record(session, actor, now, user, "totp.codes_renewed")
        mail.tell(session, actor, "totp.codes_renewed", user)
        return codes

    return {"recovery_codes": _with_code(database, actor, now, vault, code, renew)}


def disable(database: Database, *, actor: Actor, now: datetime, vault: Vault, code: str) -> None:
    """Turn the second factor off, which takes a code of it."""

    def turn_off(session: Session, user: User) -> None:
        account = accounts.account(session, account_id=user.account_id)
        if account is not None and account.second_factor_required:
            raise exceptions.conflict("totp.required", "The account requires a second factor of everybody.")
        second_factors.turn_off(session, user)
        _record(session, actor, now, user, "totp.turned_off")
        mail.tell(session, actor, "totp.turned_off", user)

    _with_code(database, actor, now, vault, code, turn_off)


def _with_code(
    database: Database, actor: Actor, now: datetime, vault: Vault, code: str, then: Callable[[Session, User], T]
) -> T:
    """Do `then` for the user who asks, if the code is right; guesses are slowed like log-ins."""
    counters = throttles.counters_of("totp", str(session_user_of(actor)), actor)
    with database.transaction() as session:
        throttles.count_attempt(session, counters, now)
    with database.transaction() as session:
        throttles.lock(session, counters, now)
        user = _own(session, actor)
        if not is_on(user):
            raise exceptions.conflict("totp.off", "The second factor is off.")
        is_right = accepts(session, vault, user, code, now)
        if is_right:
            done = then(session, user)
            throttles.succeed(session, counters, now)
    if not is_right:
        raise Invalid.of_field("code", "totp.wrong", "The code is wrong or has been used.")
    return done


def _new_codes(session: Session, user: User) -> list[str]:
    codes = recovery.new_codes()
    second_factors.replace_recovery_codes(
        session, user_id=user.id, code_hashes=[recovery.code_hash(user.id, recovery_code) for recovery_code in codes]
    )
    return codes


def reset(session: Session, *, actor: Actor, now: datetime, user_id: UUID, reason: str) -> None:
    """Turn off, as an operator, the second factor of somebody who has lost it."""
    operator_of(actor)
    user = users.any_user_for_update(session, user_id=user_id)
    if user is None:
        raise exceptions.not_found("user")
    second_factors.turn_off(session, user)
    sessions.end_sessions_of(session, user_id=user.id)
    _record(session, actor, now, user, "totp.reset", reason=reason)
    mail.tell(session, actor, "totp.reset", user)


def get_settings(session: Session, *, actor: Actor, now: datetime) -> views.View:
    """The account's rules for the second factor."""
    account = accounts.account(session, account_id=account_of(actor))
    if account is None:
        raise exceptions.not_found("account")
    return views.security_settings(account)


def set_settings(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    second_factor_required: bool,
    trusted_device_days: int,
    if_match: list[str] | None = None,
) -> views.View:
    """Make the second factor a duty, or not; whoever does must have one, or would be the first to be held up."""
    session_user_of(actor)
    proofs.ensure_recent(session, actor=actor, now=now)
    account = accounts.account_for_update(session, account_id=account_of(actor))
    if account is None:
        raise exceptions.not_found("account")
    ensure_current(if_match, SecuritySettings, views.security_settings(account))
    user = _own(session, actor)
    if second_factor_required and not is_on(user):
        raise exceptions.conflict("totp.own_first", "Turn on your own second factor first.")
    account.second_factor_required = second_factor_required
    account.trusted_device_days = trusted_device_days
    settings = views.security_settings(account)
    audit.record(session, actor, now, "account.security_set", account_id=account.id, details=settings)
    mail.tell(session, actor, "account.security_set", user)
    announce_access_changed(session, account_id=account.id)
    return settings


def _own(session: Session, actor: Actor) -> User:
    user = users.user_for_update(session, account_id=account_of(actor), user_id=session_user_of(actor))
    if user is None:
        raise exceptions.session_invalid()
    return user


def _record(
    session: Session, actor: Actor, now: datetime, user: User, action: str, *, reason: str | None = None
) -> None:
    session.flush()
    audit.record(session, actor, now, action, account_id=user.account_id, target_id=user.id, reason=reason)
    announce_access_changed(session, account_id=user.account_id, user_id=user.id)


def _qr_svg(text: str) -> str:
    drawn = io.BytesIO()
    segno.make(text, error="m").save(drawn, kind="svg", scale=4, xmldecl=False, svgns=True)
    return drawn.getvalue().decode()
