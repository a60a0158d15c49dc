"""Closing (A13)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text as sql

from chassis.database import Database
from contracts.errors import Conflict, Invalid, Unauthenticated
from identity.hashing import Passwords
from identity.usecases import accounts, closing

Actor = dict[str, Any]
PASSWORD = "trzy zielone parasole"


def test_closing_erases_people_and_keeps_a_trail_without_them(
    owner: Actor, act: Callable[..., Any], database: Database, passwords: Passwords, log_in: Any, clock: Any
) -> None:
    account_id, operator = UUID(owner["account_id"]), {"operator_id": str(uuid4())}
    clock.advance(hours=1)
    act(accounts.set_plan, operator, account_id=account_id, plan="starter", reason="paid")
    with pytest.raises(Invalid):
        closing.request(database, passwords=passwords, actor=owner, now=clock.now, password="wrong")
    assert (
        closing.request(database, passwords=passwords, actor=owner, now=clock.now, password=PASSWORD)["state"]
        == "closing"
    )
    with pytest.raises(Conflict) as refused:
        act(closing.close, operator, account_id=account_id, reason="asked for")
    assert refused.value.code == "account.plan_not_ended"

    clock.advance(hours=1)
    act(accounts.set_plan, operator, account_id=account_id, plan="none", reason="ended")
    act(closing.close, operator, account_id=account_id, reason="asked for")
    act(closing.close, operator, account_id=account_id, reason="asked for")

    with database.transaction() as session:
        left = {
            table: session.scalar(sql(f"SELECT count(*) FROM {table}"))
            for table in ("users", "sessions", "session_tokens", "api_keys", "quota_periods", "roles")
        }
        assert set(left.values()) == {0}, left
        assert session.scalar(sql("SELECT count(*) FROM outbox WHERE routing_key = 'account_closed'")) == 1
        trail = session.execute(sql("SELECT action, address FROM audit_entries ORDER BY id")).all()
    assert "account.closure_requested" in {row.action for row in trail}
    assert [row.address for row in trail if row.action != "account.closed"] == [None] * (len(trail) - 1)
    with pytest.raises(Unauthenticated):
        log_in("kowal")


def test_an_operator_changes_a_vat_number_that_is_set(owner: Actor, act: Callable[..., Any]) -> None:
    operator, account_id = {"operator_id": str(uuid4())}, UUID(owner["account_id"])

    act(accounts.set_vat_number, operator, account_id=account_id, vat_number="5260250274", reason="first")
    changed = act(accounts.set_vat_number, operator, account_id=account_id, vat_number="7740001454", reason="merger")

    assert changed["company"]["vat_number"] == "7740001454"
