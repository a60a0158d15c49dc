"""Contacts are told where an account's days begin."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from orjson import loads
from sqlalchemy import text

from chassis.database import Database
from contracts.events import ACCOUNT_ZONE_CHANGED
from contracts.rpc import Actor
from identity.usecases import accounts


def _told(database: Database, account_id: str) -> list[str]:
    with database.transaction() as session:
        bodies = session.scalars(
            text("SELECT body FROM outbox WHERE routing_key = :name ORDER BY position"),
            {"name": ACCOUNT_ZONE_CHANGED.name},
        )
        events = [ACCOUNT_ZONE_CHANGED.schema().load(loads(bytes(body))) for body in bodies]
    return [event["time_zone"] for event in events if str(event["account_id"]) == account_id]


def test_a_change_is_told_of_and_nothing_else(owner: Actor, act: Callable[..., Any], database: Database) -> None:
    account_id = str(owner["account_id"])
    act(accounts.update, owner, default_region="US")
    act(accounts.update, owner, time_zone="Europe/Warsaw")
    assert _told(database, account_id) == []

    act(accounts.update, owner, time_zone="America/New_York", default_region="US")
    assert _told(database, account_id) == ["America/New_York"]


def test_the_migration_tells_of_who_had_another_zone_before(
    owner: Actor, act: Callable[..., Any], database: Database
) -> None:
    account_id = str(owner["account_id"])
    act(accounts.update, owner, time_zone="Asia/Tokyo")
    with database.transaction() as session:
        session.execute(text("DELETE FROM outbox WHERE routing_key = :name"), {"name": ACCOUNT_ZONE_CHANGED.name})
        session.execute(text(import_module("identity.migrations.0012_zones_told").TELL))

    assert _told(database, account_id) == ["Asia/Tokyo"]
