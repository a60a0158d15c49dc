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
        bytes: LargeBinary,
    }


class Application(Base):
    """What pushes are from. `proof_key`, `fcm_key`, `apns_key` and `vapid_pem` are sealed by `chassis.secrets`."""

    __tablename__ = "applications"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    name: Mapped[str]
    title: Mapped[str]
    app_key: Mapped[str] = mapped_column(unique=True)
    proof_key: Mapped[bytes]
    fcm: Mapped[dict[str, Any] | None]
    fcm_key: Mapped[bytes | None]
    apns: Mapped[dict[str, Any] | None]
    apns_key: Mapped[bytes | None]
    vapid_key: Mapped[str]
    vapid_pem: Mapped[bytes]
    web_contact: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Device(Base):
    """Where an application is installed; `token_hash` (SHA-256) is what it is known by."""

    __tablename__ = "devices"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    application_id: Mapped[UUID] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"))
    platform: Mapped[str]
    token: Mapped[str]
    token_hash: Mapped[bytes]
    keys: Mapped[dict[str, Any] | None]
    language: Mapped[str | None]
    time_zone: Mapped[str | None]
    contact_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
