"""Users of an account and their rights (A9)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import pages, words
from chassis.actors import account_of
from chassis.database import Database, Session
from chassis.ids import new_id
from contracts.errors import Invalid
from contracts.etags import ensure_current
from contracts.identity import users as contract
from contracts.lists import NEWEST, OLDEST
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import passwords as password_rules
from identity.domain import rights, tokens
from identity.domain.addresses import normal_email
from identity.hashing import Passwords
from identity.models import Role, User
from identity.store import accounts, audit, sessions, users
from identity.usecases import api_keys as keys
from identity.usecases import links, mail, members, proofs, throttles, views
from identity.usecases.actors import session_user_of
from identity.usecases.announcements import announce_access_changed
from identity.usecases.members import managed


def list_users(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    limit: int,
    cursor: str | None,
    q: str | None = None,
    sort: str = OLDEST,
) -> views.View:
    """The users of the actor's account."""
    session_user_of(actor)
    asked: dict[str, Any] = {"account_id": account_of(actor), "words": words.patterns(q)}
    after = pages.position(cursor)
    rows = users.users_page(session, **asked, after=after, limit=limit + 1, newest_first=sort == NEWEST)
    roles_by_user_id = users.roles_of(session, user_ids=[row.id for row in rows])
    shown = pages.page(rows, limit, lambda row: views.user(row, roles_by_user_id[row.id]))
    if cursor is not None:
        return {**shown, **pages.unsaid()}
    return {**shown, **pages.counted(users.count_users(session, **asked, most=pages.COUNTED_MOST + 1))}


def get_user(session: Session, *, actor: Actor, now: datetime, user_id: UUID) -> views.View:
    """A user of the actor's account."""
    session_user_of(actor)
    return _shown(session, _existing(session, account_of(actor), user_id))


def _existing(session: Session, account_id: UUID, user_id: UUID) -> User:
    row = users.user(session, account_id=account_id, user_id=user_id)
    if row is None:
        raise exceptions.not_found("user")
    return row


def create_user(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    passwords: Passwords,
    login: str,
    email: str,
    name: str,
    password: str | None,
    permissions: Sequence[str],
    roles: Sequence[UUID],
    panel_url: str = "",
) -> views.View:
    """Add a user, with rights that its maker need not hold. A login that is taken counts as a guess.

    Without a password the user is invited: a link by mail sets the first one, and nobody else has ever known it.
    """
    session_user_of(actor)
    with database.reading() as session:
        proofs.ensure_recent(session, actor=actor, now=now)
    granted = rights.ensure_known(permissions, field="permissions")
    if password is not None:
        password_rules.ensure_acceptable(password, login=login)
    counters = throttles.by_address(actor)
    with database.transaction() as session:
        throttles.count_attempt(session, counters, now)
    with throttles.unless_busy(database, counters, now):
        secret = passwords.hash(password or tokens.new_token(""), throttles.session_turn(actor))
    with database.transaction() as session:
        throttles.give_back(session, counters, now)  # a login that is taken undoes this with all the rest
        if password is None:
            members.count_invitation(session, account_of(actor), normal_email(email), now)
        columns: dict[str, Any] = {"login": login, "email": normal_email(email), "name": name, "password_hash": secret}
        if password is None:
            columns["invited_at"] = now
        user = _insert(session, account_of(actor), now, permissions=granted, **columns)
        _replace_roles(session, user.account_id, user.id, roles)
        details = {"login": login, "permissions": granted, "roles": [str(role) for role in roles]}
        _record(session, actor, now, "user.created", user, details)
        mail.tell(session, actor, "user.created", user)
        if password is None:
            members.mail_invitation(session, actor, now, panel_url, user)
        return _shown(session, user)


def _insert(session: Session, account_id: UUID, now: datetime, **columns: Any) -> User:
    account = accounts.open_account(session, account_id=account_id)
    if account is None:
        raise exceptions.account_inactive("closed")
    user_id = new_id()
    if not users.insert_user(
        session, id=user_id, account_id=account_id, language=account.language, created_at=now, **columns
    ):
        raise exceptions.login_taken()
    return _existing(session, account_id, user_id)


def update_user(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    user_id: UUID,
    if_match: list[str] | None = None,
    **changes: Any,
) -> views.View:
    """Rename, block or unblock a user; a blocked user's sessions end, and links that would change the address."""
    row = managed(session, actor, user_id, own_too=not {"state"} & changes.keys())
    ensure_current(if_match, contract.User, _shown(session, row))
    if "state" in changes:
        proofs.ensure_recent(session, actor=actor, now=now)
    before = row.state
    for field, value in changes.items():
        setattr(row, field, value)
    if changes.get("state") == "blocked":
        sessions.end_sessions_of(session, user_id=user_id)
        links.drop_email_changes(session, user_id)
    session.flush()
    _record(session, actor, now, "user.changed", row, changes)
    if "state" in changes and changes["state"] != before:
        mail.tell(session, actor, "user.blocked" if row.state == "blocked" else "user.unblocked", row)
    announce_access_changed(session, account_id=row.account_id, user_id=user_id)
    return _shown(session, row)


def set_rights(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    user_id: UUID,
    permissions: Sequence[str],
    roles: Sequence[UUID],
    if_match: list[str] | None = None,
) -> views.View:
    """Replace a user's permissions and roles. Nobody grants rights to oneself, or managing users would mean all."""
    granted = rights.ensure_known(permissions, field="permissions")
    row = managed(session, actor, user_id)
    ensure_current(if_match, contract.User, _shown(session, row))
    proofs.ensure_recent(session, actor=actor, now=now)
    details = {"permissions": granted, "before": row.permissions, "roles": [str(role) for role in roles]}
    row.permissions = granted
    _replace_roles(session, row.account_id, user_id, roles)
    session.flush()
    _record(session, actor, now, "user.rights_set", row, details)
    mail.tell(session, actor, "user.rights_set", row)
    announce_access_changed(session, account_id=row.account_id, user_id=user_id)
    return _shown(session, row)


def delete_user(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    user_id: UUID,
    api_keys: str = "revoke",
    if_match: list[str] | None = None,
) -> None:
    """Remove a user with all sessions; never the owner, never oneself. Keys go too, or to the owner (`transfer`)."""
    row = managed(session, actor, user_id)
    ensure_current(if_match, contract.User, _shown(session, row))
    proofs.ensure_recent(session, actor=actor, now=now)
    mail.tell(session, actor, "user.deleted", row)
    details: dict[str, Any] = {"login": row.login}
    owner = users.owner_of(session, account_id=row.account_id)
    if api_keys == "transfer" and owner is not None:
        held = {*row.permissions, *(name for role in _roles(session, row) for name in role.permissions)}
        details["api_keys_transferred"] = keys.hand_over(session, gone=row, held=sorted(held), owner=owner, now=now)
    users.delete_user(session, user_id=user_id)
    _record(session, actor, now, "user.deleted", row, details)
    announce_access_changed(session, account_id=row.account_id, user_id=user_id)


def _record(session: Session, actor: Actor, now: datetime, action: str, user: User, details: dict[str, Any]) -> None:
    audit.record(session, actor, now, action, account_id=user.account_id, target_id=user.id, details=details)


def _replace_roles(session: Session, account_id: UUID, user_id: UUID, roles: Sequence[UUID]) -> None:
    known = users.known_roles(session, account_id=account_id, role_ids=roles)
    if set(roles) - known:
        raise Invalid.of_field("roles", "role.unknown", "There is no such role.")
    users.replace_roles(session, user_id=user_id, role_ids=roles)


def _shown(session: Session, row: User) -> views.View:
    return views.user(row, _roles(session, row))


def _roles(session: Session, row: User) -> list[Role]:
    return users.roles_of(session, user_ids=[row.id])[row.id]


def check_login(session: Session, *, actor: Actor, now: datetime, login: str) -> views.View:
    """Whether a login is free. One that is taken counts against the address, as at a registration.

    It is counted before anything is looked up: an address that is locked learns nothing.
    """
    counters = throttles.by_address(actor)
    throttles.count_attempt(session, counters, now)
    is_free = users.user_by_login(session, login=login) is None
    if is_free:
        throttles.give_back(session, counters, now)
    return {"available": is_free}
