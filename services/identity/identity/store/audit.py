"""The audit trail: rows are added and read, never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.dialects.postgresql import insert as insert_statement
from sqlalchemy.orm import Session

from chassis.ids import new_id
from contracts.ids import first_id_at
from contracts.rpc import Actor
from identity.domain.ids import id_or_none
from identity.models import AuditEntry, Operator, User

Shown = tuple[AuditEntry, str | None]


def record(
    session: Session,
    actor: Actor,
    now: datetime,
    action: str,
    *,
    account_id: UUID | None,
    target_id: UUID | str | None = None,
    user_id: UUID | None = None,
    reason: str | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Add one row; `user_id` names the user where the actor does not know it yet (log-in, registration)."""
    session.add(
        AuditEntry(
            id=new_id(),
            account_id=account_id,
            at=now,
            action=action,
            user_id=user_id or id_or_none(actor.get("user_id")),
            api_key_id=id_or_none(actor.get("api_key_id")),
            operator_id=id_or_none(actor.get("operator_id")),
            target_id=str(target_id) if target_id else None,
            address=actor.get("address"),
            request_id=actor.get("request_id"),
            reason=reason,
            details=details or {},
        )
    )


def insert(session: Session, **columns: Any) -> bool:
    """Add an entry of another service's act; one that is there already stays as it is, and the answer is False."""
    statement = insert_statement(AuditEntry).values(columns).on_conflict_do_nothing().returning(AuditEntry.id)
    return session.scalar(statement) is not None


def account_page(session: Session, *, account_id: UUID, **filters: Any) -> list[Shown]:
    """The account's entries, newest first, each with the login of its user while there is one."""
    query = select(AuditEntry, User.login).outerjoin(User, User.id == AuditEntry.user_id)
    return _page(session, query.where(AuditEntry.account_id == account_id), **filters)


def operators_page(session: Session, *, account_id: UUID | None, **filters: Any) -> list[Shown]:
    """What operators did, and what was done to the platform from its own command line, newest first."""
    query = select(AuditEntry, Operator.login).outerjoin(Operator, Operator.id == AuditEntry.operator_id)
    query = query.where(or_(AuditEntry.operator_id.is_not(None), AuditEntry.account_id.is_(None)))
    if account_id is not None:
        query = query.where(AuditEntry.account_id == account_id)
    return _page(session, query, **filters)


def _page(
    session: Session,
    query: Select[AuditEntry, str],
    *,
    before: UUID | None,
    limit: int,
    action: str | None,
    since: datetime | None,
    until: datetime | None,
    **equal: Any,
) -> list[Shown]:
    """Those before the id `before`; `equal` holds columns by name, None for those that do not matter."""
    for column, value in equal.items():
        if value is not None:
            query = query.where(getattr(AuditEntry, column) == value)
    if action is not None:
        is_of_noun = AuditEntry.action.startswith(f"{action}.", autoescape=True)
        query = query.where(or_(AuditEntry.action == action, is_of_noun))
    if before is not None:
        query = query.where(AuditEntry.id < before)
    if since is not None:
        query = query.where(AuditEntry.id >= first_id_at(since))
    if until is not None:
        query = query.where(AuditEntry.id < first_id_at(until))
    return [(row[0], row[1]) for row in session.execute(query.order_by(AuditEntry.id.desc()).limit(limit))]
