"""Plans (A7): listed for anybody, made and changed by operators."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chassis.actors import operator_of
from chassis.database import Session
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import plans as rules
from identity.models import Plan
from identity.store import audit
from identity.store import plans as store
from identity.usecases import views

# What an account was moved to a plan for: its periods are counted by the one and invoiced by the other.
FIXED_IN_USE = ("period_days", "price")


def list_plans(session: Session, *, actor: Actor, now: datetime) -> views.View:
    """The plans that anybody may see."""
    return {"items": [views.plan(row) for row in store.plans(session) if row.listed]}


def list_all_plans(session: Session, *, actor: Actor, now: datetime) -> views.View:
    """All plans, each with how many accounts are on it."""
    operator_of(actor)
    return {"items": [views.operated_plan(row, count) for row, count in store.plans_with_accounts(session)]}


def create(
    session: Session, *, actor: Actor, now: datetime, code: str, price: dict[str, Any], reason: str, **terms: Any
) -> views.View:
    """Make a plan. :raises Conflict: `plan.code_taken`."""
    operator_of(actor)
    terms["features"] = sorted(set(terms["features"]))
    columns = {"code": code, **terms, **_price_columns(price)}
    if not store.insert_plan(session, columns):
        raise exceptions.plan_code_taken()
    made = store.plan(session, code=code)
    assert made is not None
    _record(session, actor, now, "plan.created", code, reason, {"after": views.operated_plan(made, 0)})
    return views.operated_plan(made, 0)


def update(session: Session, *, actor: Actor, now: datetime, code: str, reason: str, **changes: Any) -> views.View:
    """Change a plan: limits of quotas count from each account's next period on, everything else at once.

    :raises Conflict: `plan.in_use` for another price or length of periods while accounts are on it; `plan.fixed`.
    """
    operator_of(actor)
    row = store.plan_for_update(session, code=code)
    if row is None:
        raise exceptions.not_found("plan")
    if code == rules.NO_PLAN:
        raise exceptions.conflict("plan.fixed", "`none` is what an account without a plan is on; it does not change.")
    count = store.accounts_on(session, code=code)
    before = views.operated_plan(row, count)
    if "features" in changes:
        changes["features"] = sorted(set(changes["features"]))
    after = {**before, **changes}
    fixed = [field for field in FIXED_IN_USE if after[field] != before[field]]
    if fixed and count:
        raise exceptions.plan_in_use(fixed)
    _apply(row, changes)
    session.flush()
    changed = sorted(field for field in changes if after[field] != before[field])
    if changed:
        values = {
            name: {field: shown[field] for field in changed} for name, shown in (("before", before), ("after", after))
        }
        _record(session, actor, now, "plan.changed", code, reason, values)
    return views.operated_plan(row, count)


def _apply(row: Plan, changes: dict[str, Any]) -> None:
    for field, value in {**changes, **_price_columns(changes.get("price"))}.items():
        if field != "price":
            setattr(row, field, value)


def _price_columns(price: dict[str, Any] | None) -> dict[str, Any]:
    return {} if price is None else {"price_amount": price["amount"], "price_currency": price["currency"]}


def _record(
    session: Session, actor: Actor, now: datetime, action: str, code: str, reason: str, details: dict[str, Any]
) -> None:
    audit.record(session, actor, now, action, account_id=None, target_id=code, reason=reason, details=details)
