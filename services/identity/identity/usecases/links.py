"""What a link by mail confirms: a new password (A3, A4) and a new address (A5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chassis import inbox, outbox
from chassis.database import Database
from contracts.events import PASSWORD_RESET_REQUESTED
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import passwords as password_rules
from identity.domain import tokens
from identity.domain.actors import account_of, session_user_of
from identity.domain.addresses import normal_email
from identity.hashing import Passwords
from identity.models import User
from identity.store import audit, second_factors, sessions, users
from identity.usecases import mail, throttles
from identity.usecases.announcements import announce_access_changed

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

RESET_LIFE = timedelta(hours=1)
EMAIL_CHANGE_LIFE = timedelta(hours=24)
RESET, EMAIL_CHANGE = "password_reset", "email_change"


def request_password_reset(session: Session, actor: Actor, now: datetime, *, email: str, account_name: str) -> None:
    """Take the wish down. Who matches is looked up later, so that the work, and its time, is the same for everybody."""
    email = normal_email(email)
    throttles.count_attempt(session, throttles.doors("reset", f"{account_name}/{email}", actor), now)
    outbox.record(
        session,
        PASSWORD_RESET_REQUESTED,
        account_name=account_name,
        email=email,
        address=actor.get("address"),
        request_id=actor.get("request_id"),
    )


def send_password_reset(session: Session, panel_url: str, now: datetime, wish: dict[str, Any]) -> None:
    """Mail a link, valid for one hour, to whoever has that address in that account. Harmless twice: the inbox knows."""
    if not inbox.first_time(session, "send_password_reset", wish["event_id"]):
        return
    asked: Actor = {"address": wish["address"], "request_id": wish["request_id"]}
    for user, name in second_factors.users_at(session, email=wish["email"], account_name=wish["account_name"]):
        link = _new_link(session, panel_url, user, now, purpose=RESET, life=RESET_LIFE)
        mail.ask_for(session, user, RESET, account_name=name, url=link, hours_valid=1)
        audit.record(session, asked, now, "password.reset_requested", account_id=user.account_id, target_id=user.id)


def reset_password(
    database: Database, passwords: Passwords, actor: Actor, now: datetime, *, token: str, password: str
) -> None:
    """A new password by a link, which works once. Every session ends, and every device is a stranger again."""
    token_hash = tokens.token_hash(token)
    with database.transaction() as session:
        found = second_factors.link(session, token_hash=token_hash, purpose=RESET, now=now)
        user = users.any_user_for_update(session, user_id=found.user_id) if found else None
    if user is None:
        raise exceptions.not_found("password_reset")
    password_rules.ensure_acceptable(password, login=user.login)
    password_hash = passwords.hash(password)
    with database.transaction() as session:
        throttles.forgive(session, "user", user.login)
        used = second_factors.use_link(session, token_hash=token_hash, purpose=RESET, now=now)
        current = users.any_user_for_update(session, user_id=used[0]) if used else None
        if current is None:
            raise exceptions.not_found("password_reset")
        current.password_hash = password_hash
        second_factors.drop_links(session, user_id=current.id)
        second_factors.forget_devices(session, user_id=current.id)
        sessions.end_sessions_of(session, user_id=current.id)
        audit.record(
            session,
            actor,
            now,
            "password.reset",
            account_id=current.account_id,
            user_id=current.id,
            target_id=current.id,
        )
        announce_access_changed(session, account_id=current.account_id, user_id=current.id)


def request_email_change(
    database: Database,
    passwords: Passwords,
    panel_url: str,
    actor: Actor,
    now: datetime,
    *,
    email: str,
    password: str,
) -> None:
    """Ask for another address, with the password; it changes when a link sent there is followed.

    The address may be a stranger's, who gets few such mails, of whomever; and few strangers get one of this user.
    """
    new_email, user_id = normal_email(email), session_user_of(actor)
    doors = throttles.doors("password", str(user_id), actor)
    mails = [*throttles.by_login(EMAIL_CHANGE, str(user_id)), *throttles.by_login(EMAIL_CHANGE, new_email)]
    with database.transaction() as session:
        throttles.count_attempt(session, [*doors, *mails], now)
        user = users.user(session, account_id=account_of(actor), user_id=user_id)
    if user is None:
        raise exceptions.session_invalid()
    if not passwords.verify(user.password_hash, password):
        raise exceptions.invalid_field("password", "password.wrong", "This is not your password.")
    with database.transaction() as session:
        throttles.succeed(session, doors, now)
        if users.as_checked(session, user) is None:
            raise exceptions.session_invalid()
        link = _new_link(session, panel_url, user, now, purpose=EMAIL_CHANGE, life=EMAIL_CHANGE_LIFE, email=new_email)
        mail.ask_for(session, user, EMAIL_CHANGE, to=new_email, url=link, hours_valid=24)
        audit.record(session, actor, now, "email.change_requested", account_id=user.account_id, target_id=user.id)


def confirm_email_change(session: Session, actor: Actor, now: datetime, *, token: str) -> None:
    """The link was followed: the address changes, and a notice goes to the old one."""
    used = second_factors.use_link(session, token_hash=tokens.token_hash(token), purpose=EMAIL_CHANGE, now=now)
    user = users.any_user_for_update(session, user_id=used[0]) if used else None
    if used is None or user is None or used[1] is None:
        raise exceptions.not_found("email_change")
    mail.ask_for(session, user, "email_changed", to=user.email, new_email=used[1])
    user.email = used[1]
    # A reset link that went to the old address must not open the account to whoever reads it there.
    second_factors.drop_links(session, user_id=user.id)
    audit.record(session, actor, now, "email.changed", account_id=user.account_id, user_id=user.id, target_id=user.id)


def _new_link(
    session: Session,
    panel_url: str,
    user: User,
    now: datetime,
    *,
    purpose: str,
    life: timedelta,
    email: str | None = None,
) -> str:
    token = tokens.new_token(tokens.LINK)
    second_factors.insert_link(
        session,
        token_hash=tokens.token_hash(token),
        purpose=purpose,
        user_id=user.id,
        now=now,
        expires_at=now + life,
        email=email,
    )
    return f"{panel_url}/{purpose.replace('_', '-')}/{token}"
