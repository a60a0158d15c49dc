"""Quotas (A7): reserve before sending, settle after. Exact under any number of callers at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from contracts.rpc import Actor
from identity import exceptions
from identity.domain import plans as rules
from identity.domain.actors import account_of
from identity.models import Account, Plan, QuotaPeriod
from identity.store import accounts, quotas
from identity.store.quotas import Counters, Held
from identity.usecases import views

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def reserve(
    session: Session, actor: Actor, now: datetime, *, reservation_id: UUID, feature: str, amount: int
) -> views.View:
    """Set `amount` units aside under `reservation_id`; the same id again with another amount adjusts it.

    :raises PlanLimit: `quota.exhausted`, and nothing has changed; `plan.ended`.
    """
    account_id = account_of(actor)
    period_id = _running_period(session, account_id, feature, now)
    if quotas.insert_reservation(
        session, account_id=account_id, reservation_id=reservation_id, period_id=period_id, amount=amount, now=now
    ):
        held, before = Held(period_id, amount, 0), 0
    else:
        held, before = _adjusted(session, account_id, reservation_id, period_id, amount)
        quotas.settle(session, account_id=account_id, reservation_id=reservation_id, held=held)
    counters = _move(session, held.period_id, used=0, reserved=held.amount - before)
    return {"reserved": held.amount - held.used, "remaining": counters.remaining}


def lease(
    session: Session, actor: Actor, now: datetime, *, reservation_id: UUID, feature: str, at_least: int, wanted: int
) -> views.View:
    """Hold a block of units for a channel that sends one message after another (`contracts.identity.QuotaLease`).

    :raises PlanLimit: `quota.exhausted`, and nothing has changed; `plan.ended`.
    """
    account_id = account_of(actor)
    period_id = _running_period(session, account_id, feature, now)
    opened = quotas.insert_reservation(
        session, account_id=account_id, reservation_id=reservation_id, period_id=period_id, amount=0, now=now
    )
    held = Held(period_id, 0, 0) if opened else _held(session, account_id, reservation_id)
    if held.period_id != period_id:
        return {"granted": held.amount, "has_ended": True}
    counters = quotas.counters_for_update(session, period_id=period_id)
    granted = rules.leased(held=held.amount, at_least=at_least, wanted=wanted, remaining=counters.remaining)
    if granted is None:
        raise exceptions.quota_exhausted(feature, counters.limit_units, counters.remaining or 0)
    if granted > held.amount:
        quotas.settle(session, account_id=account_id, reservation_id=reservation_id, held=replace(held, amount=granted))
        _move(session, period_id, used=0, reserved=granted - held.amount)
    return {"granted": granted, "has_ended": False}


def use(session: Session, actor: Actor, *, reservation_id: UUID, amount: int) -> views.View:
    """Count `amount` units, in all, of the reservation as used; less than before changes nothing.

    More than was reserved is reserved now, if the limit allows; else raises `PlanLimit`.
    """
    account_id = account_of(actor)
    held = _held(session, account_id, reservation_id)
    if amount > held.used:
        spent = replace(held, amount=max(held.amount, amount), used=amount)
        quotas.settle(session, account_id=account_id, reservation_id=reservation_id, held=spent)
        used = spent.used - held.used
        _move(session, held.period_id, used=used, reserved=spent.amount - held.amount - used)
        held = spent
    return {"used": held.used, "reserved": held.amount - held.used}


def release(session: Session, actor: Actor, *, reservation_id: UUID) -> views.View:
    """Return what the reservation has not used; a second release returns nothing."""
    account_id = account_of(actor)
    held = _held(session, account_id, reservation_id)
    unused = held.amount - held.used
    if unused:
        quotas.settle(
            session, account_id=account_id, reservation_id=reservation_id, held=replace(held, amount=held.used)
        )
        _move(session, held.period_id, used=0, reserved=-unused)
    return {"released": unused}


def check_limit(session: Session, actor: Actor, now: datetime, *, feature: str) -> views.View:
    """The plan's limit of contacts (null: none); for an add-on, null if the plan has it.

    :raises PlanLimit: `plan.ended`, or `plan.feature_missing` for an add-on that the plan lacks.
    """
    if feature != rules.CONTACTS and feature not in rules.ADD_ONS:
        raise exceptions.invalid_field("feature", "feature.unknown", "There is no such feature.")
    standing = _active(session, account_of(actor), feature, now)
    if feature == rules.CONTACTS:
        return {"limit": standing["contacts"]}
    if feature not in standing["features"]:
        raise exceptions.feature_missing(feature, standing["plan_code"])
    return {"limit": None}


def usage(session: Session, actor: Actor, now: datetime) -> views.View:
    """What the account may send and has sent in the present period."""
    holder = accounts.account(session, account_id=account_of(actor))
    if holder is None:
        raise exceptions.not_found("account")
    plan = accounts.plan_of(session, holder)
    periods = quotas.periods_of(session, account_id=holder.id, now=now)
    return {
        "plan": views.plan(plan),
        "plan_ends_at": holder.plan_ends_at,
        "features": [
            _feature_usage(periods.get(feature) or _untouched(holder, plan, feature, now)) for feature in rules.QUOTAS
        ],
    }


def _feature_usage(period: QuotaPeriod) -> views.View:
    return {
        "feature": period.feature,
        "limit": period.limit_units,
        "used": period.used,
        "reserved": period.reserved,
        "remaining": Counters(period.feature, period.limit_units, period.used, period.reserved).remaining,
        "period_starts_at": period.starts_at,
        "period_ends_at": period.ends_at,
    }


def _untouched(holder: Account, plan: Plan, feature: str, now: datetime) -> QuotaPeriod:
    starts_at, ends_at = rules.period(holder.plan_started_at, plan.period_days, now)
    limit = getattr(plan, feature)
    return QuotaPeriod(feature=feature, starts_at=starts_at, ends_at=ends_at, limit_units=limit, used=0, reserved=0)


def _active(session: Session, account_id: UUID, feature: str, now: datetime) -> Mapping[str, Any]:
    standing = quotas.standing(session, account_id=account_id, feature=feature, now=now)
    if standing is None:
        raise exceptions.not_found("account")
    if standing["state"] == "closed":
        raise exceptions.account_inactive(standing["state"])
    if rules.has_ended(standing["plan_ends_at"], now):
        raise exceptions.plan_ended(feature, standing["plan_code"])
    return dict(standing)


def _running_period(session: Session, account_id: UUID, feature: str, now: datetime) -> UUID:
    standing = _active(session, account_id, feature, now)
    if standing["period_id"] is not None:
        return UUID(str(standing["period_id"]))
    starts_at, ends_at = rules.period(standing["plan_started_at"], standing["period_days"], now)
    return quotas.open_period(
        session,
        account_id=account_id,
        feature=feature,
        starts_at=starts_at,
        ends_at=ends_at,
        limit_units=standing["limit_units"],
    )


def _adjusted(
    session: Session, account_id: UUID, reservation_id: UUID, period_id: UUID, amount: int
) -> tuple[Held, int]:
    """The reservation with its new amount, and the amount it had."""
    held = _held(session, account_id, reservation_id)
    # Used units stay reserved; a reservation that holds nothing begins again, in the period that runs now.
    kept_period = period_id if held.amount == 0 else held.period_id
    return Held(kept_period, max(amount, held.used), held.used), held.amount


def _held(session: Session, account_id: UUID, reservation_id: UUID) -> Held:
    held = quotas.reservation_for_update(session, account_id=account_id, reservation_id=reservation_id)
    if held is None:
        raise exceptions.not_found("reservation")
    return held


def _move(session: Session, period_id: UUID, *, used: int, reserved: int) -> Counters:
    if used == 0 and reserved == 0:
        return quotas.counters(session, period_id=period_id)
    counters = quotas.move_units(session, period_id=period_id, used=used, reserved=reserved)
    if counters is None:
        now_held = quotas.counters(session, period_id=period_id)
        raise exceptions.quota_exhausted(now_held.feature, now_held.limit_units, now_held.remaining or 0)
    return counters
