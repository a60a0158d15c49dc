"""IP rules (A11)."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
from orjson import loads
from sqlalchemy import text

from chassis.database import Database
from chassis.testing import as_administrator
from contracts.errors import Conflict, Forbidden
from contracts.events import ACCOUNT_IP_RULES_CHANGED
from identity.usecases import ip_rules, second_factor

Actor = dict[str, Any]


def test_rules_that_lock_out_whoever_sets_them_are_refused(
    owner: Actor, act: Callable[..., Any], database: Database
) -> None:
    with pytest.raises(Conflict) as refused:
        act(ip_rules.set_rules, owner, panel=["203.0.113.0/24"], api=[])
    assert refused.value.errors[0]["field"] == "panel"

    assert act(ip_rules.set_rules, owner, panel=["192.0.2.0/24", "2001:db8::/48"], api=["203.0.113.7"]) == {
        "panel": ["192.0.2.0/24", "2001:db8::/48"],
        "api": ["203.0.113.7/32"],
    }


@pytest.mark.parametrize(
    ("settle", "wanted"),
    [
        (ip_rules.set_rules, {"panel": ["203.0.113.0/24"], "api": []}),
        (ip_rules.set_rules, {"panel": [], "api": ["192.0.2.0/24"]}),
        (second_factor.set_settings, {"second_factor_required": False, "trusted_device_days": 30}),
    ],
)
def test_no_key_says_who_may_log_in(
    owner: Actor, act: Callable[..., Any], settle: Callable[..., Any], wanted: Any
) -> None:
    key = {**owner, "session_id": None, "api_key_id": str(uuid4())}
    before = act(ip_rules.get, owner)

    with pytest.raises(Forbidden) as refused:
        act(settle, key, **wanted)

    assert refused.value.code == "session.required"
    assert act(ip_rules.get, owner) == before


def test_the_gateway_is_told_the_rules(
    principal_of: Callable[..., Any], owner: Actor, act: Callable[..., Any], log_in: Any, database: Database, clock: Any
) -> None:
    act(ip_rules.set_rules, owner, panel=["192.0.2.0/24"], api=["203.0.113.7"])
    token = log_in("kowal")["access_token"]

    assert principal_of(token)["ip_rules"] == {"panel": ["192.0.2.0/24"], "api": ["203.0.113.7/32"]}


def told(database: Database) -> list[dict[str, Any]]:
    """What partners' ports are told of IP rules, in the order in which it happened."""
    query = text("SELECT body FROM outbox WHERE routing_key = :name ORDER BY position")
    with database.transaction() as session:
        bodies = session.scalars(query, {"name": ACCOUNT_IP_RULES_CHANGED.name}).all()
    return [ACCOUNT_IP_RULES_CHANGED.schema().load(loads(bytes(body))) for body in bodies]


def test_partners_ports_are_told_of_each_change(owner: Actor, act: Callable[..., Any], database: Database) -> None:
    act(ip_rules.set_rules, owner, panel=[], api=["203.0.113.7"])
    act(ip_rules.set_rules, owner, panel=["192.0.2.0/24"], api=["2001:db8::/48"])
    act(ip_rules.reset, {"operator_id": str(uuid4())}, account_id=owner["account_id"], reason="Moved")

    events = told(database)
    assert [event["api"] for event in events] == [["203.0.113.7/32"], ["2001:db8::/48"], []]
    versions = [event["version"] for event in events]
    assert versions == sorted(set(versions)) and versions[0] > 0


def test_the_migration_tells_of_who_had_a_list_before(
    owner: Actor, act: Callable[..., Any], database: Database
) -> None:
    act(ip_rules.set_rules, owner, panel=[], api=["203.0.113.7"])
    with database.transaction() as session:
        session.execute(text("DELETE FROM outbox WHERE routing_key = :name"), {"name": ACCOUNT_IP_RULES_CHANGED.name})
        session.execute(text(import_module("identity.migrations.0013_ip_rules_told").TELL))

    [event] = told(database)
    assert (str(event["account_id"]), event["api"], event["version"]) == (owner["account_id"], ["203.0.113.7/32"], 0)


def test_what_another_release_changes_is_told_once(owner: Actor, act: Callable[..., Any], database: Database) -> None:
    act(ip_rules.set_rules, owner, panel=[], api=["203.0.113.7"])

    def changed_elsewhere(rules: list[str]) -> None:
        with database.transaction() as session:
            session.execute(text("UPDATE accounts SET api_ip_rules = :rules"), {"rules": rules})

    def tell() -> None:
        for _ in range(2):
            with database.transaction() as session:
                assert not ip_rules.tell_untold(session)

    tell()
    for rules in (["198.51.100.0/24"], [], ["192.0.2.0/24"]):
        changed_elsewhere(rules)
        tell()
    act(ip_rules.reset, {"operator_id": str(uuid4())}, account_id=owner["account_id"], reason="Moved")
    tell()

    events = [event for event in told(database) if str(event["account_id"]) == owner["account_id"]]
    expected: list[list[str]] = [["203.0.113.7/32"], ["198.51.100.0/24"], [], ["192.0.2.0/24"], []]
    assert [event["api"] for event in events] == expected
    versions = [event["version"] for event in events]
    assert versions == sorted(set(versions))


def test_the_migration_has_whoever_ever_had_a_list_told_of(
    owner: Actor, act: Callable[..., Any], database: Database
) -> None:
    act(ip_rules.set_rules, owner, panel=[], api=["203.0.113.7"])
    with database.transaction() as session:
        session.execute(text("UPDATE accounts SET api_ip_rules = '{}'"))  # emptied by a release that tells nobody
        session.execute(text("DELETE FROM outbox WHERE routing_key = :name"), {"name": ACCOUNT_IP_RULES_CHANGED.name})
    with as_administrator(database) as session:
        session.execute(text("ALTER TABLE accounts DROP COLUMN api_ip_rules_told"))
        for statement in import_module("identity.migrations.0015_ip_rules_told_again").STATEMENTS:
            session.execute(text(statement))
    with database.transaction() as session:
        ip_rules.tell_untold(session)

    events = [event for event in told(database) if str(event["account_id"]) == owner["account_id"]]
    assert [(event["api"], event["version"] > 0) for event in events] == [([], True)]
