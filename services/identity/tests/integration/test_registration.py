"""Registration (A1)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text as sql

from chassis.database import Database
from contracts.errors import Conflict, Invalid, WiciError

Actor = dict[str, Any]


def outcome(attempt: Callable[[], Any]) -> str:
    try:
        attempt()
    except WiciError as error:
        return error.code
    return "in"


def test_registration_announces_the_account_once(database: Database, register: Callable[..., Actor]) -> None:
    actor = register()

    with database.transaction() as session:
        told = "SELECT routing_key, convert_from(body, 'UTF8') AS body FROM outbox ORDER BY routing_key"
        events = session.execute(sql(told)).all()
    assert [event.routing_key for event in events] == ["account_registered", "plan_changed"]
    assert all(actor["account_id"] in event.body for event in events)
    assert "kowal@example.com" in events[0].body
    assert '"language":"pl"' in events[0].body


@pytest.mark.parametrize(("taken", "code"), [("login", "login.taken"), ("account_name", "account_name.taken")])
def test_names_are_unique_and_a_refusal_leaves_nothing(
    database: Database, register: Callable[..., Actor], taken: str, code: str
) -> None:
    register("kowal")

    with pytest.raises(Conflict) as refused:
        register("murarz", **{taken: "kowal"})

    assert refused.value.code == code
    with database.transaction() as session:
        assert session.scalar(sql("SELECT count(*) FROM accounts")) == 1
        assert session.scalar(sql("SELECT count(*) FROM users")) == 1
        assert session.scalar(sql("SELECT count(*) FROM outbox WHERE routing_key = 'account_registered'")) == 1


def test_one_name_registered_by_many_at_once_goes_to_one(database: Database, register: Callable[..., Actor]) -> None:
    with ThreadPoolExecutor(16) as callers:
        outcomes = list(callers.map(lambda _: outcome(lambda: register("kowal")), range(16)))

    assert outcomes.count("in") == 1
    assert set(outcomes) <= {"in", "account_name.taken", "login.taken"}


def test_terms_must_be_accepted(register: Callable[..., Actor]) -> None:
    with pytest.raises(Invalid) as refused:
        register(accept_terms=False)
    assert refused.value.errors[0]["field"] == "accept_terms"
