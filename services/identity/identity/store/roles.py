"""Roles: named sets of permissions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chassis.refusals import flush_unless_taken
from identity.models import Role, User, UserRole


def roles_page(session: Session, *, account_id: UUID, after: UUID | None, limit: int) -> Sequence[Role]:
    query = select(Role).where(Role.account_id == account_id)
    if after is not None:
        query = query.where(Role.id > after)
    return session.scalars(query.order_by(Role.id).limit(limit)).all()


def role(session: Session, *, account_id: UUID, role_id: UUID) -> Role | None:
    return session.scalar(select(Role).where(Role.id == role_id, Role.account_id == account_id))


def role_for_update(session: Session, *, account_id: UUID, role_id: UUID) -> Role | None:
    return session.scalar(select(Role).where(Role.id == role_id, Role.account_id == account_id).with_for_update())


def insert_role(session: Session, **columns: Any) -> bool:
    """Add a role; False when the account has one of that name."""
    statement = insert(Role).values(columns).on_conflict_do_nothing(index_elements=["account_id", "name"])
    return session.scalar(statement.returning(Role.id)) is not None


def store_role(session: Session) -> bool:
    """Write what was changed of a role; False when another one has taken its name a moment ago: nothing is written."""
    return flush_unless_taken(session, "uq_roles_account_id_name")


def role_named(session: Session, *, account_id: UUID, name: str) -> Role | None:
    return session.scalar(select(Role).where(Role.account_id == account_id, Role.name == name))


def holds_role(session: Session, *, user_id: UUID, role_id: UUID) -> bool:
    return session.get(UserRole, (user_id, role_id)) is not None


def holders(session: Session, *, role_id: UUID) -> Sequence[User]:
    query = select(User).join(UserRole, UserRole.user_id == User.id).where(UserRole.role_id == role_id)
    return session.scalars(query.order_by(User.id)).all()


def delete_role(session: Session, *, role_id: UUID) -> None:
    session.execute(delete(Role).where(Role.id == role_id))
