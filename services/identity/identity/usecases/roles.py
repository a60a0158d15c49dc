"""Roles: named sets of permissions (A9); managed in a session, like users."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import pages
from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from contracts.etags import ensure_current
from contracts.identity import roles as contract
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import rights
from identity.models import Role
from identity.store import accounts, audit
from identity.store import roles as store
from identity.usecases import mail, proofs, views
from identity.usecases.actors import session_user_of
from identity.usecases.announcements import announce_access_changed


def list_roles(session: Session, *, actor: Actor, now: datetime, limit: int, cursor: str | None) -> views.View:
    """The roles of the actor's account."""
    session_user_of(actor)
    rows = store.roles_page(session, account_id=account_of(actor), after=pages.position(cursor), limit=limit + 1)
    return pages.page(rows, limit, views.role)


def create(session: Session, *, actor: Actor, now: datetime, name: str, permissions: Sequence[str]) -> views.View:
    """Add a role; its permissions need not be its maker's."""
    session_user_of(actor)
    proofs.ensure_recent(session, actor=actor, now=now)
    account_id = account_of(actor)
    if accounts.open_account(session, account_id=account_id) is None:
        raise exceptions.account_inactive("closed")
    role_id, details = new_id(), {"name": name, "permissions": rights.ensure_known(permissions, field="permissions")}
    columns = {"id": role_id, **details, "created_at": now}
    if not store.insert_role(session, account_id=account_id, **columns):
        raise _name_taken()
    audit.record(session, actor, now, "role.created", account_id=account_id, target_id=role_id, details=details)
    return columns


def get(session: Session, *, actor: Actor, now: datetime, role_id: UUID) -> views.View:
    """One role of the actor's account."""
    session_user_of(actor)
    row = store.role(session, account_id=account_of(actor), role_id=role_id)
    if row is None:
        raise exceptions.not_found("role")
    return views.role(row)


def update(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    role_id: UUID,
    if_match: list[str] | None = None,
    **changes: Any,
) -> views.View:
    """Rename a role or replace its permissions, for everybody who holds it; never a role that the actor holds."""
    row = _managed(session, actor, role_id)
    ensure_current(if_match, contract.Role, views.role(row))
    if "permissions" in changes:
        proofs.ensure_recent(session, actor=actor, now=now)
    if "name" in changes:
        namesake = store.role_named(session, account_id=row.account_id, name=changes["name"])
        if namesake is not None and namesake.id != row.id:
            raise _name_taken()
        row.name = changes["name"]
    if "permissions" in changes:
        row.permissions = rights.ensure_known(changes["permissions"], field="permissions")
    if not store.store_role(session):
        raise _name_taken()
    audit.record(session, actor, now, "role.changed", account_id=row.account_id, target_id=row.id, details=changes)
    if "permissions" in changes:
        mail.tell(session, actor, "role.changed", *store.holders(session, role_id=row.id))
    announce_access_changed(session, account_id=row.account_id)
    return views.role(row)


def delete(session: Session, *, actor: Actor, now: datetime, role_id: UUID, if_match: list[str] | None = None) -> None:
    """Remove a role from everybody who holds it."""
    row = _managed(session, actor, role_id)
    ensure_current(if_match, contract.Role, views.role(row))
    proofs.ensure_recent(session, actor=actor, now=now)
    mail.tell(session, actor, "role.deleted", *store.holders(session, role_id=row.id))
    store.delete_role(session, role_id=row.id)
    audit.record(
        session, actor, now, "role.deleted", account_id=row.account_id, target_id=row.id, details={"name": row.name}
    )
    announce_access_changed(session, account_id=row.account_id)


def _managed(session: Session, actor: Actor, role_id: UUID) -> Role:
    manager_id = session_user_of(actor)
    row = store.role_for_update(session, account_id=account_of(actor), role_id=role_id)
    if row is None:
        raise exceptions.not_found("role")
    if store.holds_role(session, user_id=manager_id, role_id=role_id):
        raise exceptions.own_rights()
    return row


def _name_taken() -> Exception:
    return exceptions.conflict("role.name_taken", "There is a role of this name.")
