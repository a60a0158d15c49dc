"""Roles (A9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from chassis.database import Database
from contracts.errors import Conflict, Forbidden, NotFound
from identity.hashing import Passwords
from identity.models import Role
from identity.store import roles as store
from identity.usecases import roles, users

Actor = dict[str, Any]
PASSWORD = "trzy zielone parasole"


def test_a_role_grants_what_it_names_until_it_is_gone(
    principal_of: Callable[..., Any],
    owner: Actor,
    act: Callable[..., Any],
    database: Database,
    passwords: Passwords,
    log_in: Any,
    clock: Any,
) -> None:
    role = act(roles.create, owner, name="Marketing", permissions=["contacts", "email"])
    users.create_user(
        database,
        passwords=passwords,
        actor=owner,
        now=clock.now,
        login="bartek7",
        email="b@example.com",
        name="",
        password=PASSWORD,
        permissions=["sms.send"],
        roles=[role["id"]],
    )
    token = log_in("bartek7")["access_token"]

    def held() -> list[str]:
        return list(principal_of(token)["permissions"])

    assert held() == ["contacts", "email", "sms.send"]
    act(roles.update, owner, role_id=role["id"], permissions=["reports"])
    assert held() == ["reports", "sms.send"]
    act(roles.delete, owner, role_id=role["id"])
    assert held() == ["sms.send"]


def test_nobody_changes_a_role_that_one_holds_or_that_is_anothers(
    owner: Actor,
    act: Callable[..., Any],
    database: Database,
    passwords: Passwords,
    register: Any,
    log_in: Any,
    clock: Any,
) -> None:
    role = act(roles.create, owner, name="Kadry", permissions=["users.manage"])
    with pytest.raises(Conflict):
        act(roles.create, owner, name="Kadry", permissions=[])
    made = users.create_user(
        database,
        passwords=passwords,
        actor=owner,
        now=clock.now,
        login="kadrowa",
        email="k@example.com",
        name="",
        password=PASSWORD,
        permissions=[],
        roles=[role["id"]],
    )
    manager = {**owner, "user_id": str(made["id"]), "session_id": str(log_in("kadrowa")["session_id"])}
    with pytest.raises(Forbidden):
        act(roles.update, manager, role_id=role["id"], permissions=["sms"])

    stranger = {**register("murarz"), "session_id": str(log_in("murarz")["session_id"])}
    with pytest.raises(NotFound):
        act(roles.update, stranger, role_id=role["id"], permissions=["sms"])
    with pytest.raises(NotFound):
        act(roles.delete, stranger, role_id=role["id"])


def test_a_refusal_that_is_no_taken_name_is_not_taken_for_one(owner: Actor, act: Any, database: Database) -> None:
    made = act(roles.create, owner, name="Sklep", permissions=[])
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.get_one(Role, made["id"]).account_id = uuid4()  # refused by a foreign key
        store.store_role(session)
