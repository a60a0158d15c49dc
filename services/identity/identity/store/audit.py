"""The audit trail: rows are added and read, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.ids import new_id
from contracts.ids import first_id_at
from contracts.rpc import Actor
from identity.domain.actors import id_or_none
from identity.models import AuditEntry


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


def page(
    session: Session,
    *,
    account_id: UUID,
    before: UUID | None,
    limit: int,
    action: str | None,
    user_id: UUID | None,
    since: datetime | None,
    until: datetime | None,
) -> Sequence[AuditEntry]:
    """The newest entries before the id `before`, newest first."""
    query = select(AuditEntry).where(AuditEntry.account_id == account_id)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    if action is not None:
        query = query.where(AuditEntry.action == action)
    if user_id is not None:
        query = query.where(AuditEntry.user_id == user_id)
    if since is not None:
        query = query.where(AuditEntry.id >= first_id_at(since))
    if until is not None:
        query = query.where(AuditEntry.id < first_id_at(until))
    return session.scalars(query.order_by(AuditEntry.id.desc()).limit(limit)).all()
