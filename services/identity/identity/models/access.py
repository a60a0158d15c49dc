"""Sessions, keys, second factors, links, throttles."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from identity.models.base import Base


class Session(Base):
    """A log-in of a user or of an operator, never of both."""

    __tablename__ = "sessions"
    __table_args__ = (CheckConstraint("(user_id IS NULL) <> (operator_id IS NULL)", name="one_holder"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    operator_id: Mapped[UUID | None] = mapped_column(ForeignKey("operators.id", ondelete="CASCADE"), index=True)
    device: Mapped[str | None]
    address: Mapped[str | None]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    proved_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SessionToken(Base):
    """Access and refresh tokens, by their SHA-256; a refresh token that was used stays, to recognise a thief.

    `answer`: the tokens that were given for it, sealed by itself, for some seconds in which it may come again.
    """

    __tablename__ = "session_tokens"
    __table_args__ = (CheckConstraint("kind IN ('access', 'refresh')", name="kind"),)

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    answer: Mapped[bytes | None]


class LoginThrottle(Base):
    """Failures of one login or one address; the key is a hash, so the table names nobody."""

    __tablename__ = "login_throttles"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    last_at: Mapped[datetime] = mapped_column(index=True)
    blocked_until: Mapped[datetime | None]
    under_way: Mapped[int] = mapped_column(server_default=text("0"))


class LoginPlace(Base):
    """A network from which somebody has logged in with a login; both are hashes, so the table names nobody."""

    __tablename__ = "login_places"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    login_key: Mapped[bytes] = mapped_column(index=True)
    last_seen_at: Mapped[datetime] = mapped_column(index=True)


class RecoveryCode(Base):
    __tablename__ = "recovery_codes"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    used_at: Mapped[datetime | None]


class TrustedDevice(Base):
    __tablename__ = "trusted_devices"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class KnownDevice(Base):
    """Where a user has logged in from before: a hash of the device's name and its network."""

    __tablename__ = "known_devices"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    device_hash: Mapped[bytes] = mapped_column(primary_key=True)
    last_seen_at: Mapped[datetime] = mapped_column(index=True)


class OneTimeLink(Base):
    """A link sent by mail: it sets a password, the first one too, or confirms an address (`email`), new or present."""

    __tablename__ = "one_time_links"
    __table_args__ = (CheckConstraint("purpose IN ('password_reset', 'email_change', 'invitation')", name="purpose"),)

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    email: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class ApiKey(Base):
    __tablename__ = "api_keys"
    __table_args__ = (
        Index("ix_api_keys_account_id_id", "account_id", "id"),
        Index("ix_api_keys_made_by", "made_by", postgresql_where=text("made_by IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("api_keys.id", ondelete="SET NULL"))
    name: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    prefix: Mapped[str]
    scopes: Mapped[list[str]]
    ip_list: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    rotated_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class ApiKeyUse(Base):
    """When a key was last used from an address; some dozens are kept of each key."""

    __tablename__ = "api_key_uses"

    api_key_id: Mapped[UUID] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"), primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    last_at: Mapped[datetime]
