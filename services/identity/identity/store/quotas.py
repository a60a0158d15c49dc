"""Quota periods and reservations. Going over a limit is impossible: one conditional UPDATE, and a check on the row."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chassis.ids import new_id
from identity.models import QuotaPeriod, QuotaReservation


def current_period(session: Session, *, account_id: UUID, feature: str, now: datetime) -> QuotaPeriod | None:
    """The newest period that holds `now`."""
    query = select(QuotaPeriod).where(
        QuotaPeriod.account_id == account_id,
        QuotaPeriod.feature == feature,
        QuotaPeriod.starts_at <= now,
        QuotaPeriod.ends_at > now,
    )
    newest = query.order_by(QuotaPeriod.starts_at.desc()).limit(1)
    return session.scalar(newest, execution_options={"populate_existing": True})


def insert_period(
    session: Session, *, account_id: UUID, feature: str, starts_at: datetime, ends_at: datetime, limit: int | None
) -> None:
    """Open a period; nothing happens when another caller has opened it."""
    session.execute(
        insert(QuotaPeriod)
        .values(
            id=new_id(), account_id=account_id, feature=feature, starts_at=starts_at, ends_at=ends_at, limit_units=limit
        )
        .on_conflict_do_nothing(index_elements=["account_id", "feature", "starts_at"])
    )


def close_periods(session: Session, *, account_id: UUID, now: datetime) -> None:
    """End the running periods: another plan's begin. What is reserved in them still settles there."""
    session.execute(
        update(QuotaPeriod).where(QuotaPeriod.account_id == account_id, QuotaPeriod.ends_at > now).values(ends_at=now)
    )


def period(session: Session, *, period_id: UUID) -> QuotaPeriod:
    return session.get_one(QuotaPeriod, period_id, populate_existing=True)


def reservation_for_update(session: Session, *, account_id: UUID, reservation_id: UUID) -> QuotaReservation | None:
    query = select(QuotaReservation).where(
        QuotaReservation.account_id == account_id, QuotaReservation.id == reservation_id
    )
    return session.scalar(query.with_for_update(), execution_options={"populate_existing": True})


def insert_reservation(
    session: Session, *, account_id: UUID, reservation_id: UUID, period_id: UUID, now: datetime
) -> QuotaReservation:
    """The reservation, empty if it is new, locked: two calls with the same id go one after the other."""
    session.execute(
        insert(QuotaReservation)
        .values(account_id=account_id, id=reservation_id, period_id=period_id, created_at=now)
        .on_conflict_do_nothing(index_elements=["account_id", "id"])
    )
    held = reservation_for_update(session, account_id=account_id, reservation_id=reservation_id)
    assert held is not None
    return held


def move_units(session: Session, *, period_id: UUID, used: int, reserved: int) -> bool:
    """Add to the period's counters if its limit allows; False, and nothing has changed, when it does not."""
    total = QuotaPeriod.used + QuotaPeriod.reserved + used + reserved
    conditions: list[ColumnElement[bool]] = [QuotaPeriod.id == period_id]
    if used + reserved > 0:
        conditions.append(or_(QuotaPeriod.limit_units.is_(None), total <= QuotaPeriod.limit_units))
    statement = (
        update(QuotaPeriod)
        .where(*conditions)
        .values(used=QuotaPeriod.used + used, reserved=QuotaPeriod.reserved + reserved)
        .returning(QuotaPeriod.id)
        .execution_options(synchronize_session=False)
    )
    return session.scalar(statement) is not None


def settle(session: Session, held: QuotaReservation, *, amount: int, used: int) -> None:
    held.amount = amount
    held.used = used
    session.flush()
