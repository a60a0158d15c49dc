"""Quota periods and reservations."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from identity.models.base import Base


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
