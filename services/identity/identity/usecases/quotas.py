"""Quotas (A7): reserve before sending, settle after. Exact under any number of callers at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import pages
from chassis.actors import account_of
from chassis.database import Session
from contracts.errors import Invalid, account_suspended
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import plans as rules
from identity.models import Account, Plan, QuotaPeriod
from identity.store import accounts, plans, quotas
from identity.store.quotas import Counters, Reservation
from identity.usecases import trial, views


def reserve(
    session: Session, *, actor: Actor, now: datetime, reservation_id: UUID, feature: str, amount: int
) -> views.View:
    """Set `amount` units aside under `reservation_id`; the same id again with another amount adjusts it.

    :raises PlanLimit: `quota.exhausted`, and nothing has changed; `plan.ended`.
    """
    account_id = account_of(actor)
    standing = _active(session, account_id, feature, now)
    only_to = trial.only_to(session, account_id, feature, on_trial=standing["on_trial"])
    period_id = _running_period(session, account_id, feature, now, standing)
    if quotas.insert_reservation(
        session, account_id=account_id, reservation_id=reservation_id, period_id=period_id, amount=amount, now=now
    ):
        reservation, before = Reservation(period_id, amount, 0), 0
    else:
        reservation, before = _adjusted(session, account_id, reservation_id, period_id, amount)
        quotas.settle(session, account_id=account_id, reservation_id=reservation_id, reservation=reservation)
    counters = _move(session, reservation.period_id, used=0, reserved=reservation.amount - before)
    return {"reserved": reservation.amount - reservation.used, "remaining": counters.remaining, "only_to": only_to}


def lease(
    session: Session, *, actor: Actor, now: datetime, reservation_id: UUID, feature: str, at_least: int, wanted: int
) -> views.View:
    """Hold a block of units for a channel that sends message after message (`contracts.identity.quotas.QuotaLease`).

    :raises PlanLimit: `quota.exhausted`, and nothing has changed; `plan.ended`.
    """
    account_id = account_of(actor)
    standing = _active(session, account_id, feature, now)
    only_to = trial.only_to(session, account_id, feature, on_trial=standing["on_trial"])
    period_id = _running_period(session, account_id, feature, now, standing)
    opened = quotas.insert_reservation(
        session, account_id=account_id, reservation_id=reservation_id, period_id=period_id, amount=0, now=now
    )
    reservation = Reservation(period_id, 0, 0) if opened else _reservation(session, account_id, reservation_id)
    if reservation.period_id != period_id:
        return {"granted": reservation.amount, "has_ended": True, "only_to": only_to}
    counters = quotas.counters_for_update(session, period_id=period_id)
    granted = rules.leased(held=reservation.amount, at_least=at_least, wanted=wanted, remaining=counters.remaining)
    if granted is None:
        raise exceptions.quota_exhausted(feature, counters.limit_units, counters.remaining or 0)
    if granted > reservation.amount:
        quotas.settle(
            session,
            account_id=account_id,
            reservation_id=reservation_id,
            reservation=replace(reservation, amount=granted),
        )
        _move(session, period_id, used=0, reserved=granted - reservation.amount)
    return {"granted": granted, "has_ended": False, "only_to": only_to}


def use(session: Session, *, actor: Actor, now: datetime, reservation_id: UUID, amount: int) -> views.View:
    """Count `amount` units, in all, of the reservation as used; less than before changes nothing.

    More than was reserved is reserved now, as far as the limit allows: what was sent was sent, and the answer says how
    much of it is counted.
    """
    account_id = account_of(actor)
    reservation = _reservation(session, account_id, reservation_id)
    if amount > reservation.amount:
        remaining = quotas.counters_for_update(session, period_id=reservation.period_id).remaining
        amount = rules.used(held=reservation.amount, amount=amount, remaining=remaining)
    if amount > reservation.used:
        spent = replace(reservation, amount=max(reservation.amount, amount), used=amount)
        quotas.settle(session, account_id=account_id, reservation_id=reservation_id, reservation=spent)
        used = spent.used - reservation.used
        _move(session, reservation.period_id, used=used, reserved=spent.amount - reservation.amount - used)
        reservation = spent
    return {"used": reservation.used, "reserved": reservation.amount - reservation.used}


def release(session: Session, *, actor: Actor, now: datetime, reservation_id: UUID) -> views.View:
    """Return what the reservation has not used; a second release returns nothing."""
    account_id = account_of(actor)
    reservation = _reservation(session, account_id, reservation_id)
    unused = reservation.amount - reservation.used
    if unused:
        quotas.settle(
            session,
            account_id=account_id,
            reservation_id=reservation_id,
            reservation=replace(reservation, amount=reservation.used),
        )
        _move(session, reservation.period_id, used=0, reserved=-unused)
    return {"released": unused}


def check_limit(session: Session, *, actor: Actor, now: datetime, feature: str) -> views.View:
    """The plan's limit of contacts (null: none); for an add-on, null if the plan has it.

    :raises PlanLimit: `plan.ended`, or `plan.feature_missing` for an add-on that the plan lacks.
    """
    if feature != rules.CONTACTS and feature not in rules.ADD_ONS:
        raise Invalid.of_field("feature", "feature.unknown", "There is no such feature.")
    standing = _active(session, account_of(actor), feature, now)
    if feature == rules.CONTACTS:
        return {"limit": standing["contacts"]}
    if feature not in standing["features"]:
        raise exceptions.feature_missing(feature, standing["plan_code"])
    return {"limit": None}


def get_usage(session: Session, *, actor: Actor, now: datetime) -> views.View:
    """What the account may send and has sent in the present period."""
    account = accounts.account(session, account_id=account_of(actor))
    if account is None:
        raise exceptions.not_found("account")
    plan = plans.plan_of(session, account)
    periods = quotas.periods_of(session, account_id=account.id, now=now)
    return {
        "plan": views.plan(plan),
        "plan_ends_at": account.plan_ends_at,
        "features": [
            views.feature_usage(periods.get(feature) or _untouched(account, plan, feature, now))
            for feature in rules.QUOTAS
        ],
    }


def list_past_usage(
    session: Session, *, actor: Actor, now: datetime, limit: int, cursor: str | None, feature: str | None
) -> views.View:
    """What the account used in periods that are over, newest first."""
    rows = quotas.past_periods(
        session,
        account_id=account_of(actor),
        now=now,
        feature=feature,
        before=pages.position(cursor),
        limit=limit + 1,
    )
    return pages.page(rows, limit, lambda row: views.past_usage(*row))


def _untouched(account: Account, plan: Plan, feature: str, now: datetime) -> QuotaPeriod:
    """The running period of a feature of which nothing has been used: no row holds it yet."""
    starts_at, ends_at = rules.period(account.plan_started_at, plan.period_days, now)
    limit = getattr(plan, feature)
    return QuotaPeriod(feature=feature, starts_at=starts_at, ends_at=ends_at, limit_units=limit, used=0, reserved=0)


def _active(session: Session, account_id: UUID, feature: str, now: datetime) -> Mapping[str, Any]:
    standing = quotas.standing(session, account_id=account_id, feature=feature, now=now)
    if standing is None:
        raise exceptions.not_found("account")
    if standing["state"] == "closed":
        raise exceptions.account_inactive(standing["state"])
    if standing["suspended_at"] is not None:
        raise account_suspended()
    if rules.has_ended(standing["plan_ends_at"], now):
        raise exceptions.plan_ended(feature, standing["plan_code"])
    return dict(standing)


def _running_period(
    session: Session, account_id: UUID, feature: str, now: datetime, standing: Mapping[str, Any]
) -> UUID:
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
) -> tuple[Reservation, int]:
    """The reservation with its new amount, and the amount it had."""
    reservation = _reservation(session, account_id, reservation_id)
    # Used units stay reserved; a reservation that holds nothing begins again, in the period that runs now.
    kept_period = period_id if reservation.amount == 0 else reservation.period_id
    return Reservation(kept_period, max(amount, reservation.used), reservation.used), reservation.amount


def _reservation(session: Session, account_id: UUID, reservation_id: UUID) -> Reservation:
    reservation = quotas.reservation_for_update(session, account_id=account_id, reservation_id=reservation_id)
    if reservation is None:
        raise exceptions.not_found("reservation")
    return reservation


def _move(session: Session, period_id: UUID, *, used: int, reserved: int) -> Counters:
    if used == 0 and reserved == 0:
        return quotas.counters(session, period_id=period_id)
    counters = quotas.move_units(session, period_id=period_id, used=used, reserved=reserved)
    if counters is None:
        current = quotas.counters(session, period_id=period_id)
        raise exceptions.quota_exhausted(current.feature, current.limit_units, current.remaining or 0)
    return counters
