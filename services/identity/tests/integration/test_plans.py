from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from billing_cases import operator
from sqlalchemy import select
from sqlalchemy import text as sql

from chassis.database import Database
from chassis.testing import as_administrator
from contracts.errors import Conflict, Forbidden, NotFound, PlanLimit
from identity.models import AuditEntry, PlanTerm
from identity.usecases import accounts, plans, quotas

Actor = dict[str, Any]

TERMS = {
    "code": "test-plan",
    "name": "Test plan",
    "sms": 10,
    "email": None,
    "contacts": 50,
    "retention_days": 90,
    "features": ["rcs", "attachments", "rcs"],
    "price": {"amount": 1_000, "currency": "PLN"},
    "period_days": 30,
    "ends_after_days": None,
    "position": 9,
    "listed": True,
    "reason": "Offer 14",
}


@pytest.fixture(autouse=True)
def no_plans_are_left(database: Database) -> Iterator[None]:
    yield
    with as_administrator(database) as session:
        session.execute(sql("TRUNCATE accounts CASCADE"))
        session.execute(sql("DELETE FROM plans WHERE code LIKE 'test-%'"))


@pytest.fixture
def customer(register: Callable[..., Actor], act: Callable[..., Any], clock: Any) -> Actor:
    """An account on the plan of `TERMS`, which was made for it."""
    actor = register()
    act(plans.create, operator(), **TERMS)
    clock.advance(hours=1)
    act(accounts.set_plan, operator(), account_id=UUID(actor["account_id"]), plan="test-plan", reason="Contract 7")
    return actor


def reserve(act: Callable[..., Any], actor: Actor, amount: int) -> Any:
    return act(quotas.reserve, actor, reservation_id=uuid4(), feature="sms", amount=amount)


def test_an_operator_makes_a_plan(clock: Any, act: Callable[..., Any], database: Database) -> None:
    made = act(plans.create, operator(), **TERMS)

    assert (made["features"], made["price"], made["accounts"]) == (["attachments", "rcs"], TERMS["price"], 0)
    with pytest.raises(Conflict) as refused:
        act(plans.create, operator(), **TERMS)
    assert refused.value.code == "plan.code_taken"
    with pytest.raises(Forbidden):
        act(plans.create, {"account_id": str(uuid4())}, **TERMS)
    with database.transaction() as session:
        codes = [plan["code"] for plan in plans.list_plans(session, actor={}, now=clock.now)["items"]]
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "plan.created")).one()
    assert codes == ["free", "starter", "business", "professional", "enterprise", "test-plan"]
    assert (entry.reason, entry.target_id, entry.details["after"]["sms"]) == ("Offer 14", "test-plan", 10)


def test_a_plan_off_the_list_is_seen_by_operators_alone(
    clock: Any, act: Callable[..., Any], database: Database
) -> None:
    act(plans.create, operator(), **{**TERMS, "listed": False})

    with database.transaction() as session:
        assert "test-plan" not in [plan["code"] for plan in plans.list_plans(session, actor={}, now=clock.now)["items"]]
    shown = {plan["code"]: plan for plan in act(plans.list_all_plans, operator())["items"]}
    assert (shown["test-plan"]["listed"], shown["none"]["listed"]) == (False, False)


def test_a_running_period_keeps_its_quota_and_the_next_has_the_new_one(
    act: Callable[..., Any], customer: Actor, clock: Any
) -> None:
    reserve(act, customer, 4)
    act(plans.update, operator(), code="test-plan", sms=100, contacts=7, reason="More for all")

    with pytest.raises(PlanLimit):
        reserve(act, customer, 7)
    assert act(quotas.check_limit, customer, feature="contacts") == {"limit": 7}
    clock.advance(days=30)
    assert reserve(act, customer, 99)["remaining"] == 1


def test_price_and_periods_stay_while_the_plan_is_in_use(
    act: Callable[..., Any], customer: Actor, database: Database
) -> None:
    price = {"amount": 2_000, "currency": "PLN"}
    with pytest.raises(Conflict) as refused:
        act(plans.update, operator(), code="test-plan", price=price, period_days=31, sms=1, reason="Dearer")
    assert refused.value.code == "plan.in_use"
    assert [error["field"] for error in refused.value.errors] == ["period_days", "price"]
    # Saying what holds anyway is no change, and leaves no trace.
    same = act(plans.update, operator(), code="test-plan", price=TERMS["price"], period_days=30, reason="The same")
    assert (same["sms"], same["accounts"]) == (10, 1)

    act(accounts.set_plan, operator(), account_id=UUID(customer["account_id"]), plan="none", reason="Ends")
    assert act(plans.update, operator(), code="test-plan", price=price, reason="Dearer")["price"] == price
    with database.transaction() as session:
        changes = session.scalars(select(AuditEntry).where(AuditEntry.action == "plan.changed")).all()
        terms = session.scalars(select(PlanTerm).order_by(PlanTerm.starts_at)).all()
    assert [entry.details for entry in changes] == [{"before": {"price": TERMS["price"]}, "after": {"price": price}}]
    # What was agreed then is what is owed for then.
    assert [(term.plan_code, term.price_amount) for term in terms] == [("free", 0), ("test-plan", 1_000), ("none", 0)]
    assert [term.ends_at for term in terms] == [terms[1].starts_at, terms[2].starts_at, None]


def test_what_is_no_plan_or_no_choice_is_refused(act: Callable[..., Any]) -> None:
    with pytest.raises(NotFound):
        act(plans.update, operator(), code="gold", sms=1, reason="Why not")
    with pytest.raises(Conflict) as refused:
        act(plans.update, operator(), code="none", sms=1, reason="Why not")
    assert refused.value.code == "plan.fixed"


def test_past_periods_are_listed_newest_first(
    act: Callable[..., Any], customer: Actor, register: Callable[..., Actor], clock: Any
) -> None:
    used = [3, 5, 8]
    for amount in used:
        reserve(act, customer, amount)
        act(quotas.reserve, customer, reservation_id=uuid4(), feature="email", amount=1)
        clock.advance(days=30)
    reserve(act, customer, 1)

    query = {"limit": 2, "feature": "sms"}
    first = act(quotas.list_past_usage, customer, cursor=None, **query)
    rest = act(quotas.list_past_usage, customer, cursor=first["next_cursor"], **query)
    found = first["items"] + rest["items"]
    assert [period["reserved"] for period in found] == used[::-1]
    assert {(period["plan"], period["limit"], period["feature"]) for period in found} == {("test-plan", 10, "sms")}
    assert rest["next_cursor"] is None
    assert found[1]["period_ends_at"] == found[0]["period_starts_at"]
    assert len(act(quotas.list_past_usage, customer, limit=100, cursor=None, feature=None)["items"]) == 6
    assert act(quotas.list_past_usage, register("murarz"), limit=9, cursor=None, feature=None)["items"] == []
