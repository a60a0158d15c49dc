"""Reading the audit trail (A14)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from contracts.rpc import Actor
from identity.domain.actors import account_of
from identity.store import audit
from identity.usecases import views

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def list_entries(
    session: Session,
    actor: Actor,
    *,
    limit: int,
    cursor: str | None,
    action: str | None,
    user_id: UUID | None,
    since: datetime | None,
    until: datetime | None,
) -> views.View:
    """The account's trail, newest first."""
    rows = audit.page(
        session,
        account_id=account_of(actor),
        before=views.cursor_id(cursor),
        limit=limit + 1,
        action=action,
        user_id=user_id,
        since=since,
        until=until,
    )
    return views.page(rows, limit, views.audit_entry)
