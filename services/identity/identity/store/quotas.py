"""Quota periods and reservations.

Going over a limit is impossible: one conditional UPDATE, and a check on the row. That UPDATE is always the last
statement of its transaction, so that the row every caller of an account wants is locked for a commit and no longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, and_, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chassis.ids import new_id
from identity.models import Account, PlanTerm, QuotaPeriod, QuotaReservation

_STANDING = text("""
SELECT a.id AS account_id, a.state, a.on_trial, a.suspended_at, a.plan_code, a.plan_started_at, a.plan_ends_at,
       p.period_days, p.contacts, p.features,
       CASE :feature WHEN 'sms' THEN p.sms WHEN 'email' THEN p.email WHEN 'push' THEN p.push
           WHEN 'whatsapp' THEN p.whatsapp WHEN 'viber' THEN p.viber WHEN 'rcs' THEN p.rcs END AS limit_units,
       (SELECT q.id FROM quota_periods q
        WHERE q.account_id = a.id AND q.feature = :feature AND q.starts_at >= a.plan_started_at
          AND q.starts_at <= greatest(:now, a.plan_started_at) AND q.ends_at > greatest(:now, a.plan_started_at)
        ORDER BY q.starts_at DESC LIMIT 1) AS period_id
FROM accounts a JOIN plans p ON p.code = a.plan_code
WHERE a.id = :account_id
""")


@dataclass(frozen=True)
class Counters:
    """A period's counters; a limit of None is no limit."""

    feature: str
    limit_units: int | None
    used: int
    reserved: int

    @property
    def remaining(self) -> int | None:
        """Units that can still be reserved."""
        return None if self.limit_units is None else self.limit_units - self.used - self.reserved


@dataclass(frozen=True)
class Reservation:
    """A reservation: `amount` units set aside, of which `used` are spent."""

    period_id: UUID
    amount: int
    used: int


_COUNTERS = (QuotaPeriod.feature, QuotaPeriod.limit_units, QuotaPeriod.used, QuotaPeriod.reserved)
_RESERVATION = (QuotaReservation.period_id, QuotaReservation.amount, QuotaReservation.used)


def standing(session: Session, *, account_id: UUID, feature: str, now: datetime) -> RowMapping | None:
    """The account's state, its plan, and the id of the running period, in one look."""
    values = {"account_id": account_id, "feature": feature, "now": now}
    return session.execute(_STANDING, values).mappings().first()


def open_period(session: Session, *, account_id: UUID, feature: str, **columns: Any) -> UUID:
    """The id of the period that starts at `starts_at`, opened now unless another caller has."""
    values = {"id": new_id(), "account_id": account_id, "feature": feature, **columns}
    statement = insert(QuotaPeriod).values(values).on_conflict_do_nothing().returning(QuotaPeriod.id)
    opened = session.scalar(statement)
    if opened is not None:
        return opened
    return session.scalars(
        select(QuotaPeriod.id).where(
            QuotaPeriod.account_id == account_id,
            QuotaPeriod.feature == feature,
            QuotaPeriod.starts_at == columns["starts_at"],
        )
    ).one()


def close_periods(session: Session, *, account_id: UUID, now: datetime) -> None:
    """End the running periods: another plan's begin. What is reserved in them still settles there."""
    session.execute(
        update(QuotaPeriod)
        .where(QuotaPeriod.account_id == account_id, QuotaPeriod.ends_at > now)
        .values(ends_at=func.greatest(now, QuotaPeriod.starts_at))
        .execution_options(synchronize_session=False)
    )


def periods_of(session: Session, *, account_id: UUID, now: datetime) -> dict[str, QuotaPeriod]:
    """The running periods by feature."""
    query = (
        select(QuotaPeriod)
        .join(Account, Account.id == QuotaPeriod.account_id)
        .where(
            Account.id == account_id,
            QuotaPeriod.starts_at >= Account.plan_started_at,
            QuotaPeriod.starts_at <= func.greatest(now, Account.plan_started_at),
            QuotaPeriod.ends_at > func.greatest(now, Account.plan_started_at),
        )
    )
    return {row.feature: row for row in session.scalars(query.order_by(QuotaPeriod.starts_at))}


def past_periods(
    session: Session, *, account_id: UUID, now: datetime, feature: str | None, before: UUID | None, limit: int
) -> Sequence[tuple[QuotaPeriod, str | None]]:
    """Periods that are over, newest first, each with the plan's code."""
    plan_code = (
        select(PlanTerm.plan_code)
        .where(PlanTerm.account_id == QuotaPeriod.account_id, PlanTerm.starts_at <= QuotaPeriod.starts_at)
        .order_by(PlanTerm.starts_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(QuotaPeriod, plan_code).where(QuotaPeriod.account_id == account_id, QuotaPeriod.ends_at <= now)
    if feature is not None:
        query = query.where(QuotaPeriod.feature == feature)
    if before is not None:
        query = query.where(QuotaPeriod.id < before)
    return [(row[0], row[1]) for row in session.execute(query.order_by(QuotaPeriod.id.desc()).limit(limit))]


def counters(session: Session, *, period_id: UUID) -> Counters:
    return Counters(*session.execute(select(*_COUNTERS).where(QuotaPeriod.id == period_id)).one())


def counters_for_update(session: Session, *, period_id: UUID) -> Counters:
    # NO KEY: inserting a reservation holds the key of its period shared, and others may hold it so too.
    query = select(*_COUNTERS).where(QuotaPeriod.id == period_id).with_for_update(key_share=True)
    return Counters(*session.execute(query).one())


def insert_reservation(
    session: Session, *, account_id: UUID, reservation_id: UUID, period_id: UUID, amount: int, now: datetime
) -> bool:
    """Add a reservation; False when there is one of that id. Two calls with one id wait for each other here."""
    values = {"account_id": account_id, "id": reservation_id, "period_id": period_id, "amount": amount}
    statement = insert(QuotaReservation).values(created_at=now, **values).on_conflict_do_nothing()
    return session.scalar(statement.returning(QuotaReservation.id)) is not None


def reservation_for_update(session: Session, *, account_id: UUID, reservation_id: UUID) -> Reservation | None:
    query = select(*_RESERVATION).where(_is(account_id, reservation_id)).with_for_update()
    row = session.execute(query).first()
    return None if row is None else Reservation(*row)


def settle(session: Session, *, account_id: UUID, reservation_id: UUID, reservation: Reservation) -> None:
    """Store what has become of a reservation."""
    session.execute(
        update(QuotaReservation)
        .where(_is(account_id, reservation_id))
        .values(period_id=reservation.period_id, amount=reservation.amount, used=reservation.used)
        .execution_options(synchronize_session=False)
    )


def move_units(session: Session, *, period_id: UUID, used: int, reserved: int) -> Counters | None:
    """Add to the period's counters if its limit allows; None, and nothing has changed, when it does not."""
    total = QuotaPeriod.used + QuotaPeriod.reserved + used + reserved
    allowed = or_(QuotaPeriod.limit_units.is_(None), total <= QuotaPeriod.limit_units)
    takes_more = used + reserved > 0
    row = session.execute(
        update(QuotaPeriod)
        .where(and_(QuotaPeriod.id == period_id, allowed) if takes_more else QuotaPeriod.id == period_id)
        .values(used=QuotaPeriod.used + used, reserved=QuotaPeriod.reserved + reserved)
        .returning(*_COUNTERS)
        .execution_options(synchronize_session=False)
    ).first()
    return None if row is None else Counters(*row)


def _is(account_id: UUID, reservation_id: UUID) -> Any:
    return and_(QuotaReservation.account_id == account_id, QuotaReservation.id == reservation_id)
