"""Tables: columns, constraints, indexes; no behaviour."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.tables import inbox_table, outbox_table


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: DateTime(timezone=True),
        list[str]: ARRAY(String),
        dict[str, Any]: JSONB,
        bytes: LargeBinary,
        int: BigInteger,
    }


outbox = outbox_table(Base.metadata)
inbox = inbox_table(Base.metadata)


class Plan(Base):
    """A plan is a row: a limit of NULL is no limit; quotas are for each period of `period_days`."""

    __tablename__ = "plans"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    sms: Mapped[int | None]
    email: Mapped[int | None]
    contacts: Mapped[int | None]
    retention_days: Mapped[int]
    features: Mapped[list[str]]
    price_amount: Mapped[int]
    price_currency: Mapped[str]
    period_days: Mapped[int]
    ends_after_days: Mapped[int | None]
    position: Mapped[int]


class Account(Base):
    __tablename__ = "accounts"
    __table_args__ = (CheckConstraint("state IN ('active', 'closing', 'closed')", name="state"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(server_default="active")
    time_zone: Mapped[str] = mapped_column(server_default="Europe/Warsaw")
    default_region: Mapped[str] = mapped_column(server_default="PL")
    language: Mapped[str] = mapped_column(server_default="pl")
    company: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    plan_code: Mapped[str] = mapped_column(ForeignKey("plans.code"), index=True)
    plan_started_at: Mapped[datetime]
    plan_ends_at: Mapped[datetime | None]
    panel_ip_rules: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    api_ip_rules: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    second_factor_required: Mapped[bool] = mapped_column(server_default=text("false"))
    trusted_device_days: Mapped[int] = mapped_column(server_default=text("30"))
    terms_accepted_at: Mapped[datetime]
    closure_requested_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class User(Base):
    """`login` is unique over all accounts: it alone names a person at log-in."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("state IN ('active', 'blocked')", name="state"),
        Index("uq_users_owner", "account_id", unique=True, postgresql_where=text("is_owner")),
        Index("ix_users_account_id_id", "account_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    login: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    language: Mapped[str] = mapped_column(server_default="pl")
    password_hash: Mapped[str]
    is_owner: Mapped[bool] = mapped_column(server_default=text("false"))
    state: Mapped[str] = mapped_column(server_default="active")
    permissions: Mapped[list[str]]
    totp_secret: Mapped[bytes | None]
    totp_confirmed_at: Mapped[datetime | None]
    totp_last_step: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime]


class Role(Base):
    __tablename__ = "roles"
    __table_args__ = (Index("uq_roles_account_id_name", "account_id", "name", unique=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str]
    permissions: Mapped[list[str]]
    created_at: Mapped[datetime]


class UserRole(Base):
    __tablename__ = "user_roles"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    role_id: Mapped[UUID] = mapped_column(ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True, index=True)


class Operator(Base):
    __tablename__ = "operators"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str]
    password_hash: Mapped[str]
    must_change_password: Mapped[bool] = mapped_column(server_default=text("true"))
    totp_secret: Mapped[bytes]
    totp_last_step: Mapped[int] = mapped_column(server_default=text("0"))
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


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
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SessionToken(Base):
    """Access and refresh tokens, by their SHA-256; a refresh token that was used stays, to recognise a thief."""

    __tablename__ = "session_tokens"
    __table_args__ = (CheckConstraint("kind IN ('access', 'refresh')", name="kind"),)

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class LoginThrottle(Base):
    """Failures of one login or one address; the key is a hash, so the table names nobody."""

    __tablename__ = "login_throttles"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    last_at: Mapped[datetime] = mapped_column(index=True)
    blocked_until: Mapped[datetime | None]


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
    """A link sent by mail: to reset a password, or to confirm a new address (`email`)."""

    __tablename__ = "one_time_links"
    __table_args__ = (CheckConstraint("purpose IN ('password_reset', 'email_change')", name="purpose"),)

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    email: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class ApiKey(Base):
    __tablename__ = "api_keys"
    __table_args__ = (Index("ix_api_keys_account_id_id", "account_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    prefix: Mapped[str]
    scopes: Mapped[list[str]]
    ip_list: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class QuotaPeriod(Base):
    """What an account may send of one feature in one period; the check makes going over impossible."""

    __tablename__ = "quota_periods"
    __table_args__ = (
        CheckConstraint("used >= 0 AND reserved >= 0", name="not_negative"),
        CheckConstraint("limit_units IS NULL OR used + reserved <= limit_units", name="within_limit"),
        Index("uq_quota_periods_start", "account_id", "feature", "starts_at", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    feature: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    limit_units: Mapped[int | None]
    used: Mapped[int] = mapped_column(server_default=text("0"))
    reserved: Mapped[int] = mapped_column(server_default=text("0"))


class QuotaReservation(Base):
    """`amount` units are set aside, of which `used` are spent; it settles against the period it was made in."""

    __tablename__ = "quota_reservations"
    __table_args__ = (CheckConstraint("used >= 0 AND used <= amount", name="used_within_amount"),)

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    period_id: Mapped[UUID] = mapped_column(ForeignKey("quota_periods.id"), index=True)
    amount: Mapped[int] = mapped_column(server_default=text("0"))
    used: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime]


class AuditEntry(Base):
    """Who did what (A14). Append-only: the migration takes UPDATE and DELETE away and adds a trigger."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_account_id_id", "account_id", "id"),)

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
