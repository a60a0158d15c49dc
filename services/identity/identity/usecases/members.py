"""What an account does for one of its users: invite, let in again who has lost something, end sessions (A9)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis import pages
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import throttling, tokens
from identity.hashing import Passwords
from identity.models import User
from identity.store import audit, second_factors, sessions, users
from identity.usecases import links, mail, proofs, throttles, views
from identity.usecases.actors import session_user_of
from identity.usecases.announcements import announce_access_changed


def managed(session: Session, actor: Actor, user_id: UUID, *, own_too: bool = False, for_update: bool = True) -> User:
    """The user, if the actor may manage it: never the owner, and oneself only with `own_too`. Locked `for_update`."""
    manager_id = session_user_of(actor)
    find = users.user_for_update if for_update else users.user
    row = find(session, account_id=account_of(actor), user_id=user_id)
    if row is None:
        raise exceptions.not_found("user")
    if row.id == manager_id and own_too:
        return row
    if row.is_owner:
        raise exceptions.owner_protected()
    if row.id == manager_id:
        raise exceptions.own_rights()
    return row


def invite_again(session: Session, *, actor: Actor, now: datetime, panel_url: str, user_id: UUID) -> None:
    """Mail one more link to who has not followed the first; earlier ones live on."""
    email = _existing(session, actor, user_id).email
    count_invitation(session, account_of(actor), email, now)
    row = managed(session, actor, user_id)
    if row.invited_at is None or row.email != email:
        raise exceptions.conflict("user.not_invited", "This user has a password already.")
    mail_invitation(session, actor, now, panel_url, row)


def count_invitation(session: Session, account_id: UUID, email: str, now: datetime) -> None:
    """Count the mail of an invitation, before anything is locked: few to a mailbox, which may be a stranger's.

    :raises TooManyRequests: it, or the account, has had as many as may be.
    """
    by_account = (throttling.login_key(links.INVITATION, str(account_id)), throttling.PER_ADDRESS)
    throttles.count_attempt(session, [by_account, *throttles.by_mailbox(email)], now)


def mail_invitation(session: Session, actor: Actor, now: datetime, panel_url: str, invited: User) -> None:
    """Mail the link that sets the first password; `count_invitation` has counted it."""
    url = links.invitation_link(session, panel_url, invited, now)
    mail.ask_to_prove(
        session, invited, links.INVITATION, to=invited.email, url=url,
        hours_valid=int(links.INVITATION_LIFE / timedelta(hours=1)),
    )  # fmt: skip
    _record(session, actor, now, "user.invited", invited)


def reset_password(
    database: Database, *, actor: Actor, now: datetime, passwords: Passwords, panel_url: str, user_id: UUID
) -> None:
    """Make a user's password worthless, end the sessions, and mail the user a link that sets a new one.

    The address stays what it is: a link that would have changed it leads nowhere any more.

    Nobody but the user learns it. The user's keys go once the link is followed, as with every reset.
    """
    with database.reading() as session:
        proofs.ensure_recent(session, actor=actor, now=now)
    worthless = passwords.hash(tokens.new_token(""), throttles.session_turn(actor))
    with database.transaction() as session:
        known = _existing(session, actor, user_id)
        if not mail.is_confirmed(known):  # counted before the user is locked
            throttles.count_attempt(session, throttles.by_mailbox(known.email), now)
        row = managed(session, actor, user_id)
        row.password_hash = worthless
        session.flush()
        sessions.end_sessions_of(session, user_id=user_id)
        second_factors.forget_devices(session, user_id=user_id)
        links.drop_email_changes(session, user_id)
        links.mail_reset(session, panel_url, row, now)
        _record(session, actor, now, "user.password_reset", row)
        mail.tell(session, actor, "user.password_reset", row)
        announce_access_changed(session, account_id=row.account_id, user_id=user_id)


def _existing(session: Session, actor: Actor, user_id: UUID) -> User:
    row = users.user(session, account_id=account_of(actor), user_id=user_id)
    if row is None:
        raise exceptions.not_found("user")
    return row


def reset_second_factor(session: Session, *, actor: Actor, now: datetime, user_id: UUID) -> None:
    """Turn off the second factor of a user who has lost it; the sessions end."""
    proofs.ensure_recent(session, actor=actor, now=now)
    row = managed(session, actor, user_id)
    second_factors.turn_off(session, row)
    sessions.end_sessions_of(session, user_id=user_id)
    _record(session, actor, now, "totp.reset", row)
    mail.tell(session, actor, "totp.reset", row)
    announce_access_changed(session, account_id=row.account_id, user_id=user_id)


def list_sessions(
    session: Session, *, actor: Actor, now: datetime, user_id: UUID, limit: int, cursor: str | None, life: timedelta
) -> views.View:
    """A user's sessions, as the user sees them."""
    row = managed(session, actor, user_id, own_too=True, for_update=False)
    rows = sessions.sessions_page(
        session, user_id=row.id, operator_id=None, after=pages.position(cursor), limit=limit + 1, now=now
    )
    return pages.page(rows, limit, lambda found: views.session(found, None, life))


def end_session(session: Session, *, actor: Actor, now: datetime, user_id: UUID, session_id: UUID) -> None:
    """End one of a user's sessions. No proof: it takes nothing but what a log-in gives again."""
    row = managed(session, actor, user_id, own_too=True)
    if not sessions.end_session(session, session_id=session_id, user_id=row.id, operator_id=None):
        raise exceptions.not_found("session")
    _record(session, actor, now, "user.sessions_ended", row, {"session_id": str(session_id)})
    mail.tell(session, actor, "user.sessions_ended", row)
    announce_access_changed(session, account_id=row.account_id, user_id=user_id)


def end_sessions(session: Session, *, actor: Actor, now: datetime, user_id: UUID) -> None:
    """End all of a user's sessions; keys work on."""
    row = managed(session, actor, user_id)
    sessions.end_sessions_of(session, user_id=user_id)
    _record(session, actor, now, "user.sessions_ended", row)
    mail.tell(session, actor, "user.sessions_ended", row)
    announce_access_changed(session, account_id=row.account_id, user_id=user_id)


def _record(
    session: Session, actor: Actor, now: datetime, action: str, user: User, details: dict[str, Any] | None = None
) -> None:
    audit.record(session, actor, now, action, account_id=user.account_id, target_id=user.id, details=details or {})
