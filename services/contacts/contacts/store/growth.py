"""How an account's base changed hour by hour: a row for each hour, kept by the triggers of contacts and the archive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

_BETWEEN = text(
    "SELECT hour, added, gone, archived FROM growth"
    " WHERE account_id = :account AND hour >= :since AND hour < :until ORDER BY hour"
)


def between(session: Session, *, account_id: UUID, since: datetime, until: datetime) -> Sequence[RowMapping]:
    """Hours (UTC) that begin in this time and in which anything changed."""
    return session.execute(_BETWEEN, {"account": account_id, "since": since, "until": until}).mappings().all()
