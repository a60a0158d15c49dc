"""Single messages as they are shown."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Session

_MESSAGE = text(
    "SELECT l.message_id AS id, l.address AS to, l.state, l.code, l.campaign_id, l.read_at, s.external_id FROM ledger l"
    " LEFT JOIN sends s ON s.account_id = l.account_id"
    " AND s.stem_id = CAST(left(CAST(l.message_id AS text), 28) || '00000000' AS uuid)"
    " WHERE l.account_id = :account AND l.message_id = :id"
)


def find(session: Session, account_id: UUID, message_id: UUID) -> Any:
    """A mapping, or None."""
    return session.execute(_MESSAGE, {"account": account_id, "id": message_id}).mappings().one_or_none()
