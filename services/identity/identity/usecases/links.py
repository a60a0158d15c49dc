"""What a link by mail confirms: a new password (A3, A4) and a new address (A5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis import inbox, outbox
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.errors import Invalid
from contracts.events import PASSWORD_RESET_REQUESTED
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import passwords as password_rules
from identity.domain import tokens
from identity.domain.addresses import normal_email
from identity.hashing import Passwords
from identity.models import User
from identity.store import api_keys, audit, second_factors, sessions, users
from identity.store import links as store
from identity.usecases import mail, throttles, trial, views
from identity.usecases.actors import session_user_of
from identity.usecases.announcements import announce_access_changed

RESET_LIFE = timedelta(hours=1)
EMAIL_CHANGE_LIFE = timedelta(hours=24)
# A link is mailed once and kept for so long, however often somebody asks: a stranger who asks a thousand times neither
# fills the mailbox nor uses up the owner's turn, and whoever asks always has a link with 40 minutes to go.
RESET_KEPT = timedelta(minutes=20)
INVITATION_LIFE = timedelta(days=7)
RESET, EMAIL_CHANGE, INVITATION = "password_reset", "email_change", "invitation"


def request_password_reset(session: Session, *, actor: Actor, now: datetime, email: str, account_name: str) -> None:
    """Announce that a reset is asked for. Users are looked up later, so that the work takes the same time for all.

    Only the address that asks is counted: what a user gets is bounded where the link is made (`RESET_KEPT`).
    """
    email = normal_email(email)
    throttles.count_attempt(session, throttles.by_address(actor), now)
    outbox.record(
        session,
        PASSWORD_RESET_REQUESTED,
        account_name=account_name,
        email=email,
        address=actor.get("address"),
        request_id=actor.get("request_id"),
    )


def send_password_reset(session: Session, *, now: datetime, panel_url: str, asked: dict[str, Any]) -> None:
    """Mail a link, valid for one hour, to the account's users with that address, unless they have got one just now.

    Harmless twice: the inbox knows. To an address that nobody has confirmed it is a proof of the mailbox like others.
    """
    if not inbox.first_time(session, "send_password_reset", asked["event_id"]):
        return
    actor: Actor = {"address": asked["address"], "request_id": asked["request_id"]}
    for user in users.users_at(session, email=asked["email"], account_name=asked["account_name"]):
        if _has_reset_link(session, user.id, now):
            continue
        if not mail.is_confirmed(user) and not mail.may_prove(session, user.email, now):
            continue
        users.any_user_for_update(session, user_id=user.id)
        if _has_reset_link(session, user.id, now):  # another process was faster
            continue
        mail_reset(session, panel_url, user, now)
        audit.record(session, actor, now, "password.reset_requested", account_id=user.account_id, target_id=user.id)


def drop_email_changes(session: Session, user_id: UUID) -> None:
    """End what is under way to another address: a thief of the password may have asked for it."""
    store.drop_links(session, user_id=user_id, purpose=EMAIL_CHANGE)


def mail_reset(session: Session, panel_url: str, user: User, now: datetime) -> None:
    """Mail a link that sets a new password; the caller has counted it where the address is not confirmed."""
    link = _new_link(session, panel_url, user.id, now, purpose=RESET, life=RESET_LIFE)
    mail.ask_to_prove(session, user, RESET, to=user.email, url=link, hours_valid=1)


def invitation_link(session: Session, panel_url: str, invited: User, now: datetime) -> str:
    """A link that sets the first password."""
    return _new_link(session, panel_url, invited.id, now, purpose=INVITATION, life=INVITATION_LIFE)


def _has_reset_link(session: Session, user_id: UUID, now: datetime) -> bool:
    return store.has_link(session, user_id=user_id, purpose=RESET, since=now - RESET_KEPT)


def reset_password(
    database: Database, *, actor: Actor, now: datetime, passwords: Passwords, token: str, password: str
) -> None:
    """Set a new password by a link, which works once. Every session and key ends, and no device is trusted any more.

    Whoever resets may have lost the password to somebody who has made keys with it.
    """
    _set_password(database, actor, now, passwords, RESET, "password.reset", token, password)


def accept_invitation(
    database: Database, *, actor: Actor, now: datetime, passwords: Passwords, token: str, password: str
) -> None:
    """Set the first password by the link of an invitation, which works once and confirms the address."""
    _set_password(database, actor, now, passwords, INVITATION, "invitation.accepted", token, password)


def look_at_reset(session: Session, *, actor: Actor, now: datetime, token: str) -> views.View:
    """Whose password the link sets, for a form that is shown before; looking uses nothing up."""
    return _shown(session, RESET, token, now)


def look_at_invitation(session: Session, *, actor: Actor, now: datetime, token: str) -> views.View:
    """Who is invited by the link."""
    return _shown(session, INVITATION, token, now)


def _shown(session: Session, purpose: str, token: str, now: datetime) -> views.View:
    found = store.link(session, token_hash=tokens.token_hash(token), purpose=purpose, now=now)
    user = users.any_user(session, user_id=found.user_id) if found else None
    if found is None or user is None:
        raise exceptions.not_found(purpose)
    return {"login": user.login, "language": user.language, "expires_at": found.expires_at}


def _set_password(
    database: Database,
    actor: Actor,
    now: datetime,
    passwords: Passwords,
    purpose: str,
    act: str,
    token: str,
    password: str,
) -> None:
    token_hash = tokens.token_hash(token)
    with database.reading() as session:
        found = store.link(session, token_hash=token_hash, purpose=purpose, now=now)
        user = users.any_user(session, user_id=found.user_id) if found else None
    if user is None:
        raise exceptions.not_found(purpose)
    password_rules.ensure_acceptable(password, login=user.login)
    password_hash = passwords.hash(password, throttles.link_turn(user.id))
    with database.transaction() as session:
        throttles.forgive(session, "user", user.login)
        current, _ = _use(session, purpose, token_hash, now)
        throttles.remember_place(session, "user", current.login, actor, now)
        current.password_hash = password_hash
        current.invited_at = None
        if current.email_confirmed_at is None:  # the link was read at this address
            current.email_confirmed_at = now
            trial.announce_standing(session, current.account_id)
        store.drop_links(session, user_id=current.id)
        second_factors.forget_devices(session, user_id=current.id)
        sessions.end_sessions_of(session, user_id=current.id)
        account_id, user_id = current.account_id, current.id
        revoked = api_keys.revoke_keys_of(session, user_id=user_id, now=now)
        named: dict[str, Any] = {"account_id": account_id, "user_id": user_id, "target_id": user_id}
        audit.record(session, actor, now, act, **named, details={"api_keys_revoked": revoked})
        mail.tell(session, actor, act, current)
        announce_access_changed(session, account_id=account_id, user_id=user_id)


def _use(session: Session, purpose: str, token_hash: bytes, now: datetime) -> tuple[User, str | None]:
    """Use the link up: its user, locked, and its address.

    The user is locked before the link, as wherever a user's links are dropped, or the two would wait for each other.
    """
    found = store.link(session, token_hash=token_hash, purpose=purpose, now=now)
    user = users.any_user_for_update(session, user_id=found.user_id) if found else None
    used = store.use_link(session, token_hash=token_hash, purpose=purpose, now=now)
    if user is None or used is None:
        raise exceptions.not_found(purpose)
    return user, used[1]


def request_email_change(
    database: Database, *, actor: Actor, now: datetime, passwords: Passwords, panel_url: str, email: str, password: str
) -> None:
    """Ask for another address, with the password; it changes when a link sent there is followed.

    The present address may be asked for too: the link then confirms it.

    The address may be a stranger's: a stranger gets few such mails in all, and a user sends few.
    """
    new_email, user_id = normal_email(email), session_user_of(actor)
    counters = throttles.counters_of("password", str(user_id), actor)
    mails = [*throttles.by_login(EMAIL_CHANGE, str(user_id)), *throttles.by_mailbox(new_email)]
    with database.transaction() as session:
        throttles.count_attempt(session, [*counters, *mails], now)
        user = users.user(session, account_id=account_of(actor), user_id=user_id)
    if user is None:
        raise exceptions.session_invalid()
    with throttles.unless_busy(database, [*counters, *mails], now):
        is_right = passwords.verify(user.password_hash, password, throttles.session_turn(actor))
    if not is_right:
        raise Invalid.of_field("password", "password.wrong", "This is not your password.")
    with database.transaction() as session:
        throttles.succeed(session, counters, now)
        if users.as_checked(session, user) is None:
            raise exceptions.session_invalid()
        link = confirmation_link(session, panel_url, user.id, new_email, now)
        mail.ask_to_prove(session, user, EMAIL_CHANGE, to=new_email, url=link, hours_valid=24)
        audit.record(session, actor, now, "email.change_requested", account_id=user.account_id, target_id=user.id)


def confirm_email_change(session: Session, *, actor: Actor, now: datetime, token: str) -> None:
    """Change the address, or confirm the present one, as the link was followed; a notice goes to the old one."""
    user, email = _use(session, EMAIL_CHANGE, tokens.token_hash(token), now)
    assert email is not None  # each such link has one
    if user.email != email:
        mail.tell(session, actor, "email.changed", user, new_email=email)
    user.email, user.email_confirmed_at = email, now
    # A reset link that went to the old address must not open the account to somebody who reads it there.
    store.drop_links(session, user_id=user.id)
    audit.record(session, actor, now, "email.changed", account_id=user.account_id, user_id=user.id, target_id=user.id)
    trial.announce_standing(session, user.account_id)


def confirmation_link(session: Session, panel_url: str, user_id: UUID, email: str, now: datetime) -> str:
    """A link that confirms an address: whoever follows it reads mail there."""
    return _new_link(session, panel_url, user_id, now, purpose=EMAIL_CHANGE, life=EMAIL_CHANGE_LIFE, email=email)


def _new_link(
    session: Session,
    panel_url: str,
    user_id: UUID,
    now: datetime,
    *,
    purpose: str,
    life: timedelta,
    email: str | None = None,
) -> str:
    """The address, in the panel, of a link that was made now."""
    token = tokens.new_token(tokens.LINK)
    store.insert_link(
        session,
        token_hash=tokens.token_hash(token),
        purpose=purpose,
        user_id=user_id,
        now=now,
        expires_at=now + life,
        email=email,
    )
    return f"{panel_url}/{purpose.replace('_', '-')}/{token}"
