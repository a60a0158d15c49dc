"""Tables: columns, constraints and indexes; no behaviour. The hot tables are written with plain SQL."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, LargeBinary, Text, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    type_annotation_map = {str: Text, datetime: DateTime(timezone=True), bytes: LargeBinary}


class Agent(Base):
    """What RCS messages are from. `private_key` and `client_token` are sealed by `chassis.secrets`."""

    __tablename__ = "agents"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    name: Mapped[str]
    title: Mapped[str]
    purpose: Mapped[str | None]
    state: Mapped[str]
    reason: Mapped[str | None]
    google_id: Mapped[str | None]
    client_email: Mapped[str | None]
    private_key: Mapped[bytes | None]
    client_token: Mapped[bytes | None]
    hook: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
