"""Tables: columns, constraints and indexes; no behaviour. The hot tables are written with plain SQL."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, LargeBinary, Text, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    type_annotation_map = {str: Text, datetime: DateTime(timezone=True), bytes: LargeBinary}


class Sender(Base):
    """A Viber bot of an account. `auth_token` and `invitation_key` are sealed by `chassis.secrets`.

    `hook_name`: what its hook is called. `hook_due_at`: when Viber is to be told of the hook, null where it knows.
    """

    __tablename__ = "senders"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    name: Mapped[str]
    title: Mapped[str]
    hook_name: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str]
    reason: Mapped[str | None]
    uri: Mapped[str | None]
    auth_token: Mapped[bytes | None]
    invitation_key: Mapped[bytes]
    hook_at: Mapped[datetime | None]
    hook_due_at: Mapped[datetime | None]
    hook_problem: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
