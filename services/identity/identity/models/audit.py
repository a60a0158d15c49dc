"""The audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from identity.models.base import Base


class AuditEntry(Base):
    """Who did what (A14). Append-only: the migration takes UPDATE and DELETE away and adds a trigger."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_account_id_id", "account_id", "id"),
        Index("ix_audit_entries_account_id_target_id_id", "account_id", "target_id", "id"),
        Index(
            "ix_audit_entries_operators",
            "id",
            postgresql_where=text("operator_id IS NOT NULL OR account_id IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID | None]
    at: Mapped[datetime]
    action: Mapped[str]
    user_id: Mapped[UUID | None]
    api_key_id: Mapped[UUID | None]
    operator_id: Mapped[UUID | None]
    target_id: Mapped[str | None]
    address: Mapped[str | None]
    request_id: Mapped[str | None]
    reason: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
