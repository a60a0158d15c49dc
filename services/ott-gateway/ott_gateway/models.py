"""Tables: columns, constraints and indexes; no behaviour. The hot tables are written with plain SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    type_annotation_map = {
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
        list[dict[str, Any]]: JSONB(none_as_null=True),
        bytes: LargeBinary,
    }


class Sender(Base):
    """A WhatsApp number of an account. `access_token`, `app_secret` and `verify_token` are sealed by `chassis.secrets`.

    `hook_name`: what its hook is called. `app_hash`: SHA-256 of the app's secret: numbers of one app have one.
    """

    __tablename__ = "senders"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    name: Mapped[str]
    title: Mapped[str]
    phone: Mapped[str]
    hook_name: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str]
    reason: Mapped[str | None]
    phone_number_id: Mapped[str | None]
    business_account_id: Mapped[str | None]
    access_token: Mapped[bytes | None]
    app_secret: Mapped[bytes | None]
    app_hash: Mapped[bytes | None]
    verify_token: Mapped[bytes | None]
    templates_at: Mapped[datetime | None]
    templates_due_at: Mapped[datetime | None]
    templates_problem: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WhatsappTemplate(Base):
    """As WhatsApp keeps it for the number's business account."""

    __tablename__ = "templates"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    sender_id: Mapped[UUID] = mapped_column(ForeignKey("senders.id", ondelete="CASCADE"))
    name: Mapped[str]
    language: Mapped[str]
    status: Mapped[str]
    category: Mapped[str | None]
    components: Mapped[list[dict[str, Any]]]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
