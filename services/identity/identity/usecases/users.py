"""Users and their rights (A9), and what a user does with the own one (A4, A5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from chassis.database import Database
from chassis.ids import new_id
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import passwords as password_rules
from identity.domain import rights
from identity.domain.actors import account_of, session_user_of, user_of
from identity.domain.addresses import normal_email
from identity.hashing import Passwords
from identity.models import User
from identity.store import accounts, audit, second_factors, sessions, users
from identity.usecases import throttles, views
from identity.usecases.announcements import announce_access_changed

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def get_me(session: Session, actor: Actor) -> views.View:
    """The user who asks, with every right the user holds now."""
    row = _own(session, actor)
    account = accounts.account(session, account_id=row.account_id)
    assert account is not None
    held = set(row.permissions)
    for role in users.roles_of(session, user_ids=[row.id])[row.id]:
        held |= set(role.permissions)
    return views.me(row, account, sorted(held))


def update_me(session: Session, actor: Actor, now: datetime, **changes: Any) -> views.View:
    session_user_of(actor)
    row = _own(session, actor)
    for field, value in changes.items():
        setattr(row, field, value)
    audit.record(session, actor, now, "user.changed", account_id=row.account_id, target_id=row.id, details=changes)
    session.flush()
    return get_me(session, actor)


def change_password(
    database: Database, passwords: Passwords, actor: Actor, now: datetime, *, old_password: str, new_password: str
) -> None:
    """A new password for the old one; every other session ends. Wrong guesses are slowed like log-ins."""
    user_id, account_id = session_user_of(actor), account_of(actor)
    doors = throttles.doors("password", str(user_id), actor)
    with database.transaction() as session:
        row = _own(session, actor)
        password_rules.ensure_acceptable(new_password, login=row.login, field="new_password")
        throttles.count_attempt(session, doors, now)
    if not passwords.verify(row.password_hash, old_password):
        raise exceptions.invalid_field("old_password", "password.wrong", "This is not your password.")
    password_hash = passwords.hash(new_password)
    with database.transaction() as session:
        throttles.succeed(session, doors, now)
        current = users.as_checked(session, row)
        if current is None:
            raise exceptions.session_invalid()
        current.password_hash = password_hash
        sessions.end_sessions_of(session, user_id=user_id, except_id=UUID(actor["session_id"] or ""))
        second_factors.forget_devices(session, user_id=user_id)
        second_factors.drop_links(session, user_id=user_id)
        audit.record(session, actor, now, "password.changed", account_id=account_id, target_id=user_id)
        announce_access_changed(session, account_id=account_id, user_id=user_id)


def list_users(session: Session, actor: Actor, *, limit: int, cursor: str | None) -> views.View:
    session_user_of(actor)
    rows = users.users_page(session, account_id=account_of(actor), after=views.cursor_id(cursor), limit=limit + 1)
    roles_by_user_id = users.roles_of(session, user_ids=[row.id for row in rows])
    return views.page(rows, limit, lambda row: views.user(row, roles_by_user_id[row.id]))


def get_user(session: Session, actor: Actor, *, user_id: UUID) -> views.View:
    session_user_of(actor)
    row = users.user(session, account_id=account_of(actor), user_id=user_id)
    if row is None:
        raise exceptions.not_found("user")
    return _shown(session, row)


def create_user(
    database: Database,
    passwords: Passwords,
    actor: Actor,
    now: datetime,
    *,
    login: str,
    email: str,
    name: str,
    password: str,
    permissions: Sequence[str],
    roles: Sequence[UUID],
) -> views.View:
    """Add a user. Who manages users may grant rights without holding them. A login that is taken counts as a guess."""
    session_user_of(actor)
    account_id, user_id = account_of(actor), new_id()
    granted = rights.ensure_known(permissions, field="permissions")
    password_rules.ensure_acceptable(password, login=login)
    doors = throttles.by_address(actor)
    with database.transaction() as session:
        throttles.count_attempt(session, doors, now)
    password_hash = passwords.hash(password)
    with database.transaction() as session:
        throttles.give_back(session, doors, now)  # a login that is taken undoes this with all the rest
        account = accounts.open_account(session, account_id=account_id)
        if account is None:
            raise exceptions.account_inactive("closed")
        if not users.insert_user(
            session,
            id=user_id,
            account_id=account_id,
            login=login,
            email=normal_email(email),
            name=name,
            language=account.language,
            password_hash=password_hash,
            permissions=granted,
            created_at=now,
        ):
            raise exceptions.login_taken()
        _replace_roles(session, account_id, user_id, roles)
        details = {"login": login, "permissions": granted, "roles": [str(role) for role in roles]}
        audit.record(session, actor, now, "user.created", account_id=account_id, target_id=user_id, details=details)
        return get_user(session, actor, user_id=user_id)


def update_user(session: Session, actor: Actor, now: datetime, *, user_id: UUID, **changes: Any) -> views.View:
    """Rename, block or unblock a user; a blocked user's sessions end."""
    row = _managed(session, actor, user_id, own_too=not {"state"} & changes.keys())
    for field, value in changes.items():
        setattr(row, field, value)
    if changes.get("state") == "blocked":
        sessions.end_sessions_of(session, user_id=user_id)
    session.flush()
    audit.record(session, actor, now, "user.changed", account_id=row.account_id, target_id=user_id, details=changes)
    announce_access_changed(session, account_id=row.account_id, user_id=user_id)
    return _shown(session, row)


def set_rights(
    session: Session, actor: Actor, now: datetime, *, user_id: UUID, permissions: Sequence[str], roles: Sequence[UUID]
) -> views.View:
    """Replace a user's permissions and roles. Nobody grants rights to oneself, or managing users would mean all."""
    granted = rights.ensure_known(permissions, field="permissions")
    row = _managed(session, actor, user_id)
    details = {"permissions": granted, "before": row.permissions, "roles": [str(role) for role in roles]}
    row.permissions = granted
    _replace_roles(session, row.account_id, user_id, roles)
    session.flush()
    audit.record(session, actor, now, "user.rights_set", account_id=row.account_id, target_id=user_id, details=details)
    announce_access_changed(session, account_id=row.account_id, user_id=user_id)
    return _shown(session, row)


def delete_user(session: Session, actor: Actor, now: datetime, *, user_id: UUID) -> None:
    """Remove a user with all sessions and keys; never the owner, never oneself."""
    row = _managed(session, actor, user_id)
    users.delete_user(session, user_id=user_id)
    audit.record(
        session, actor, now, "user.deleted", account_id=row.account_id, target_id=user_id, details={"login": row.login}
    )
    announce_access_changed(session, account_id=row.account_id, user_id=user_id)


def _managed(session: Session, actor: Actor, user_id: UUID, *, own_too: bool = False) -> User:
    manager_id = session_user_of(actor)
    row = users.user_for_update(session, account_id=account_of(actor), user_id=user_id)
    if row is None:
        raise exceptions.not_found("user")
    if row.id == manager_id and own_too:
        return row
    if row.is_owner:
        raise exceptions.owner_protected()
    if row.id == manager_id:
        raise exceptions.own_rights()
    return row


def _replace_roles(session: Session, account_id: UUID, user_id: UUID, roles: Sequence[UUID]) -> None:
    known = users.known_roles(session, account_id=account_id, role_ids=roles)
    if set(roles) - known:
        raise exceptions.invalid_field("roles", "role.unknown", "There is no such role.")
    users.replace_roles(session, user_id=user_id, role_ids=roles)


def _own(session: Session, actor: Actor) -> User:
    row = users.user(session, account_id=account_of(actor), user_id=user_of(actor))
    if row is None:
        raise exceptions.session_invalid()
    return row


def _shown(session: Session, row: User) -> views.View:
    return views.user(row, users.roles_of(session, user_ids=[row.id])[row.id])
