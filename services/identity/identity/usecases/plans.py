"""Plans as operators make and change them (A7), and what accounts used in periods that are over."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from contracts.rpc import Actor
from identity import exceptions
from identity.domain import plans as rules
from identity.domain.actors import account_of, operator_of
from identity.models import Plan
from identity.store import accounts, audit, billing
from identity.usecases import views

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# What an account was moved to a plan for: its periods are counted by the one and invoiced by the other.
FIXED_IN_USE = ("period_days", "price")


def list_listed(session: Session) -> views.View:
    """The plans that anybody may see."""
    return {"items": [views.plan(row) for row in accounts.plans(session) if row.listed]}


def list_all(session: Session, actor: Actor) -> views.View:
    operator_of(actor)
    return {"items": [_operated(row, count) for row, count in billing.plans_with_accounts(session)]}


def create(
    session: Session, actor: Actor, now: datetime, *, code: str, price: dict[str, Any], reason: str, **terms: Any
) -> views.View:
    """:raises Conflict: `plan.code_taken`."""
    operator_of(actor)
    terms["features"] = sorted(set(terms["features"]))
    columns = {"code": code, **terms, **_price_columns(price)}
    if not billing.insert_plan(session, columns):
        raise exceptions.plan_code_taken()
    made = accounts.plan(session, code=code)
    assert made is not None
    _record(session, actor, now, "plan.created", code, reason, {"after": _operated(made, 0)})
    return _operated(made, 0)


def change(session: Session, actor: Actor, now: datetime, *, code: str, reason: str, **changes: Any) -> views.View:
    """Change a plan: limits of quotas count from each account's next period on, everything else at once.

    :raises Conflict: `plan.in_use` for another price or length of periods while accounts are on it; `plan.fixed`.
    """
    operator_of(actor)
    held = billing.plan_for_update(session, code=code)
    if held is None:
        raise exceptions.not_found("plan")
    if code == rules.NO_PLAN:
        raise exceptions.conflict("plan.fixed", "`none` is what an account without a plan is on; it does not change.")
    count = billing.accounts_on(session, code=code)
    before = _operated(held, count)
    if "features" in changes:
        changes["features"] = sorted(set(changes["features"]))
    after = {**before, **changes}
    fixed = [field for field in FIXED_IN_USE if after[field] != before[field]]
    if fixed and count:
        raise exceptions.plan_in_use(fixed)
    _apply(held, changes)
    session.flush()
    changed = sorted(field for field in changes if after[field] != before[field])
    if changed:
        told = {
            name: {field: values[field] for field in changed} for name, values in (("before", before), ("after", after))
        }
        _record(session, actor, now, "plan.changed", code, reason, told)
    return _operated(held, count)


def _apply(held: Plan, changes: dict[str, Any]) -> None:
    for field, value in {**changes, **_price_columns(changes.get("price"))}.items():
        if field != "price":
            setattr(held, field, value)


def _price_columns(price: dict[str, Any] | None) -> dict[str, Any]:
    return {} if price is None else {"price_amount": price["amount"], "price_currency": price["currency"]}


def _operated(row: Plan, count: int) -> views.View:
    return {**views.plan(row), "position": row.position, "listed": row.listed, "accounts": count}


def _record(
    session: Session, actor: Actor, now: datetime, action: str, code: str, reason: str, details: dict[str, Any]
) -> None:
    audit.record(session, actor, now, action, account_id=None, target_id=code, reason=reason, details=details)


def past_usage(
    session: Session, actor: Actor, now: datetime, *, limit: int, cursor: str | None, feature: str | None
) -> views.View:
    """What the account used in periods that are over, newest first."""
    rows = billing.past_periods(
        session,
        account_id=account_of(actor),
        now=now,
        feature=feature,
        before=views.cursor_id(cursor),
        limit=limit + 1,
    )
    return views.page(rows, limit, lambda row: _past(*row))


def _past(period: Any, plan_code: str | None) -> views.View:
    return {
        "id": period.id,
        "feature": period.feature,
        "plan": plan_code,
        "limit": period.limit_units,
        "used": period.used,
        "reserved": period.reserved,
        "period_starts_at": period.starts_at,
        "period_ends_at": period.ends_at,
    }
