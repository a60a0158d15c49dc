"""Quotas (A7): reserve before sending, settle after. Exact under any number of callers at once."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from contracts.rpc import Actor
from identity import exceptions
from identity.domain import plans as rules
from identity.domain.actors import account_of
from identity.models import Account, Plan, QuotaPeriod
from identity.store import accounts, quotas
from identity.usecases import views

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def reserve(
    session: Session, actor: Actor, now: datetime, *, reservation_id: UUID, feature: str, amount: int
) -> views.View:
    """Set `amount` units aside under `reservation_id`; the same id again with another amount adjusts it.

    :raises PlanLimit: `quota.exhausted`, and nothing has changed; `plan.ended`.
    """
    holder = _active(session, account_of(actor), feature, now)
    period = _current_period(session, holder, feature, now)
    held = quotas.insert_reservation(
        session, account_id=holder.id, reservation_id=reservation_id, period_id=period.id, now=now
    )
    if held.amount == 0 and held.period_id != period.id:
        held.period_id = period.id
    wanted = max(amount, held.used)
    if wanted != held.amount:
        if not quotas.move_units(session, period_id=held.period_id, used=0, reserved=wanted - held.amount):
            raise _exhausted(session, held.period_id, feature)
        quotas.settle(session, held, amount=wanted, used=held.used)
    period = quotas.period(session, period_id=held.period_id)
    return {"reserved": wanted - held.used, "remaining": remaining(period)}


def use(session: Session, actor: Actor, *, reservation_id: UUID, amount: int) -> views.View:
    """Count `amount` units, in all, of the reservation as used; less than before changes nothing.

    More than was reserved is reserved now, if the limit allows; else raises `PlanLimit`.
    """
    held = quotas.reservation_for_update(session, account_id=account_of(actor), reservation_id=reservation_id)
    if held is None:
        raise exceptions.not_found("reservation")
    if amount > held.used:
        reserved = max(held.amount, amount)
        more_used = amount - held.used
        more_reserved = (reserved - held.amount) - more_used
        if not quotas.move_units(session, period_id=held.period_id, used=more_used, reserved=more_reserved):
            period = quotas.period(session, period_id=held.period_id)
            raise exceptions.quota_exhausted(period.feature, period.limit_units, remaining(period) or 0)
        quotas.settle(session, held, amount=reserved, used=amount)
    return {"used": held.used, "reserved": held.amount - held.used}


def release(session: Session, actor: Actor, *, reservation_id: UUID) -> views.View:
    """Return what the reservation has not used; a second release returns nothing."""
    held = quotas.reservation_for_update(session, account_id=account_of(actor), reservation_id=reservation_id)
    if held is None:
        raise exceptions.not_found("reservation")
    unused = held.amount - held.used
    if unused:
        quotas.move_units(session, period_id=held.period_id, used=0, reserved=-unused)
        quotas.settle(session, held, amount=held.used, used=held.used)
    return {"released": unused}


def check_limit(session: Session, actor: Actor, now: datetime, *, feature: str) -> views.View:
    """The plan's limit of contacts (null: none); for an add-on, null if the plan has it.

    :raises PlanLimit: `plan.ended`, or `plan.feature_missing` for an add-on that the plan lacks.
    """
    if feature != rules.CONTACTS and feature not in rules.ADD_ONS:
        raise exceptions.invalid_field("feature", "feature.unknown", "There is no such feature.")
    holder = _active(session, account_of(actor), feature, now)
    plan = accounts.plan_of(session, holder)
    if feature == rules.CONTACTS:
        return {"limit": plan.contacts}
    if feature not in plan.features:
        raise exceptions.feature_missing(feature, plan.code)
    return {"limit": None}


def usage(session: Session, actor: Actor, now: datetime) -> views.View:
    """What the account may send and has sent in the present period."""
    holder = accounts.account(session, account_id=account_of(actor))
    if holder is None:
        raise exceptions.not_found("account")
    plan = accounts.plan_of(session, holder)
    return {
        "plan": views.plan(plan),
        "plan_ends_at": holder.plan_ends_at,
        "features": [_feature_usage(session, holder, plan, feature, now) for feature in rules.QUOTAS],
    }


def remaining(period: QuotaPeriod) -> int | None:
    """Units that can still be reserved; None where there is no limit."""
    return None if period.limit_units is None else period.limit_units - period.used - period.reserved


def _feature_usage(session: Session, holder: Account, plan: Plan, feature: str, now: datetime) -> views.View:
    period = quotas.current_period(session, account_id=holder.id, feature=feature, now=now)
    if period is None:
        starts_at, ends_at = rules.period(holder.plan_started_at, plan.period_days, now)
        period = QuotaPeriod(
            feature=feature,
            starts_at=starts_at,
            ends_at=ends_at,
            limit_units=getattr(plan, feature),
            used=0,
            reserved=0,
        )
    return {
        "feature": feature,
        "limit": period.limit_units,
        "used": period.used,
        "reserved": period.reserved,
        "remaining": remaining(period),
        "period_starts_at": period.starts_at,
        "period_ends_at": period.ends_at,
    }


def _active(session: Session, account_id: UUID, feature: str, now: datetime) -> Account:
    # The share lock keeps a change of plan out until this transaction ends; reservations do not hold one another up.
    holder = accounts.account_for_share(session, account_id=account_id)
    if holder is None:
        raise exceptions.not_found("account")
    if holder.state != "active":
        raise exceptions.account_inactive(holder.state)
    if rules.has_ended(holder.plan_ends_at, now):
        raise exceptions.plan_ended(feature, holder.plan_code)
    return holder


def _current_period(session: Session, holder: Account, feature: str, now: datetime) -> QuotaPeriod:
    period = quotas.current_period(session, account_id=holder.id, feature=feature, now=now)
    if period is None:
        plan = accounts.plan_of(session, holder)
        starts_at, ends_at = rules.period(holder.plan_started_at, plan.period_days, now)
        quotas.insert_period(
            session,
            account_id=holder.id,
            feature=feature,
            starts_at=starts_at,
            ends_at=ends_at,
            limit=getattr(plan, feature),
        )
        period = quotas.current_period(session, account_id=holder.id, feature=feature, now=now)
    assert period is not None
    return period


def _exhausted(session: Session, period_id: UUID, feature: str) -> Exception:
    period = quotas.period(session, period_id=period_id)
    return exceptions.quota_exhausted(feature, period.limit_units, remaining(period) or 0)
