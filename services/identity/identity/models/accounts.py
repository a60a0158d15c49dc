"""Accounts, plans, users, roles, operators."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from identity.models.base import Base


class Plan(Base):
    """A plan is a row: a limit of NULL is no limit; quotas are for each period of `period_days`."""

    __tablename__ = "plans"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    sms: Mapped[int | None]
    email: Mapped[int | None]
    push: Mapped[int | None]
    whatsapp: Mapped[int | None]
    viber: Mapped[int | None]
    rcs: Mapped[int | None]
    contacts: Mapped[int | None]
    retention_days: Mapped[int]
    features: Mapped[list[str]]
    price_amount: Mapped[int]
    price_currency: Mapped[str]
    period_days: Mapped[int]
    ends_after_days: Mapped[int | None]
    position: Mapped[int]
    listed: Mapped[bool] = mapped_column(server_default=text("true"))


class Account(Base):
    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("state IN ('active', 'closing', 'closed')", name="state"),
        Index(
            "ix_accounts_ip_rules_untold",
            "id",
            postgresql_where=text("api_ip_rules IS DISTINCT FROM api_ip_rules_told"),
        ),
    )

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
    api_ip_rules_told: Mapped[list[str] | None] = mapped_column(server_default=text("'{}'"))
    second_factor_required: Mapped[bool] = mapped_column(server_default=text("false"))
    trusted_device_days: Mapped[int] = mapped_column(server_default=text("30"))
    on_trial: Mapped[bool] = mapped_column(server_default=text("false"))
    suspended_at: Mapped[datetime | None]
    terms_accepted_at: Mapped[datetime]
    closure_requested_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class User(Base):
    """`login` is unique over all accounts: it alone names a person at log-in.

    `invited_at`: until the user has set a first password; that of an invited one is a random one that nobody knows.
    """

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
    email_confirmed_at: Mapped[datetime | None]
    name: Mapped[str] = mapped_column(server_default="")
    language: Mapped[str] = mapped_column(server_default="pl")
    password_hash: Mapped[str]
    invited_at: Mapped[datetime | None]
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


class TrialNumber(Base):
    """A phone number that the account proves by a code sent there, of which only a hash is kept."""

    __tablename__ = "trial_numbers"
    __table_args__ = (Index("uq_trial_numbers_phone", "account_id", "phone", unique=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    phone: Mapped[str]
    code_hash: Mapped[bytes]
    code_expires_at: Mapped[datetime]
    guesses: Mapped[int] = mapped_column(server_default=text("0"))
    confirmed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


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
