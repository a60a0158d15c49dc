"""Many callers at once, a quota that runs out, and an identity that is away."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis.database import Database
from chassis.ids import new_id
from chassis.quota_leases import LeaseKeeper
from contracts.errors import NotFound, PlanLimit, Unavailable, WiciError
from sms_gateway.models import SenderId
from sms_gateway.usecases import Desk


class Quota:
    """Identity's books in a few lines: one limit for each account, as `identity.domain.plans.leased` grants."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held: dict[str, list[Any]] = {}  # account, granted, used
        self.is_away = False
        self._lock = threading.Lock()

    def call(self, name: str, actor: dict[str, Any], payload: dict[str, Any], *, deadline: float) -> Any:
        if self.is_away:
            raise Unavailable("service.timeout", "away")
        with self._lock:
            key, account = payload["reservation_id"], actor["account_id"]
            if name == "identity.lease_quota":
                return self._lease(key, account, payload["at_least"], payload["wanted"])
            if key not in self.held:
                raise NotFound("reservation.not_found")
            held = self.held[key]
            if name == "identity.use_quota":
                held[2] = max(held[2], payload["amount"])
                assert held[2] <= held[1]
            else:
                held[1] = held[2]
            return {}

    def _lease(self, key: str, account: str, at_least: int, wanted: int) -> dict[str, Any]:
        held = self.held.setdefault(key, [account, 0, 0])
        remaining = self.limit - self.total(account)
        spare = remaining - (at_least - held[1])
        if at_least > held[1]:
            if spare < 0:
                raise PlanLimit("quota.exhausted", "", {"remaining": remaining})
            held[1] = at_least + max(0, min(wanted - at_least, spare // 10))
        return {"granted": held[1], "has_ended": False}

    def total(self, account: str) -> int:
        return sum(granted for owner, granted, _ in self.held.values() if owner == account)


@pytest.fixture
def account_id(database: Database) -> UUID:
    account_id = new_id()
    with database.transaction() as session:
        session.add(SenderId(id=new_id(), account_id=account_id, sender="Wici", sender_key="wici", state="active"))
    return account_id


def desk_of(database: Database, quota: Quota) -> tuple[Desk, LeaseKeeper]:
    keeper = LeaseKeeper(database, "sms", quota.call)
    return Desk(database, keeper, lambda: datetime.now(UTC)), keeper


def a_request(account_id: UUID, units: int, key: str | None = None) -> Any:
    addresses = [f"+4860000{number:04d}" for number in range(units)]
    return {"account_id": str(account_id), "request_key": key}, {"from": "Wici", "to": addresses, "text": "Hej"}


def accepted(answers: list[dict[str, Any] | WiciError]) -> int:
    return sum(len(answer["messages"]) for answer in answers if isinstance(answer, dict))


def stored(database: Database) -> tuple[int, int]:
    with database.transaction() as session:
        messages = session.scalar(text("SELECT count(*) FROM ledger"))
        leased = session.scalar(text("SELECT coalesce(sum(used), 0) FROM quota_leases"))
        return int(messages or 0), int(leased or 0)


def test_sixteen_desks_send_the_quota_to_the_last_unit_and_not_one_more(database: Database, account_id: UUID) -> None:
    quota = Quota(limit=400)

    def send(seed: int) -> int:
        rng, (desk, keeper) = random.Random(seed), desk_of(database, quota)
        count = 0
        for _ in range(12):
            requests = [a_request(account_id, rng.choice([1, 1, 2, 7])) for _ in range(rng.randrange(1, 6))]
            count += accepted(desk.send_requests(requests))
            if rng.random() < 0.2:
                keeper.settle(idle_seconds=0)
        return count

    with ThreadPoolExecutor(16) as callers:
        sent = sum(callers.map(send, range(16)))
    desk, keeper = desk_of(database, quota)
    keeper.settle(idle_seconds=0)
    # What leases had kept from one another is there again, to the last unit.
    sent += accepted([answer for _ in range(400) for answer in desk.send_requests([a_request(account_id, 1)])])
    keeper.settle(idle_seconds=0)

    assert sent == 400
    assert stored(database) == (400, 0)
    assert sum(used for _, _, used in quota.held.values()) == 400
    assert quota.total(str(account_id)) == 400


def test_a_request_that_is_repeated_at_the_same_time_is_stored_once(database: Database, account_id: UUID) -> None:
    quota = Quota(limit=1000)

    def send(_: int) -> Any:
        desk, _keeper = desk_of(database, quota)
        return desk.send_requests([a_request(account_id, 2, "one"), a_request(account_id, 3, "two")])

    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(send, range(8)))

    assert all(answer == answers[0] for answer in answers)
    assert stored(database) == (5, 5)


def test_without_identity_nothing_is_sent_that_was_not_leased(database: Database, account_id: UUID) -> None:
    quota = Quota(limit=1000)
    desk, keeper = desk_of(database, quota)
    for _ in range(5):
        desk.send_requests([a_request(account_id, 10)])
    quota.is_away = True
    keeper.settle(idle_seconds=60)

    answers = [desk.send_requests([a_request(account_id, 10)])[0] for _ in range(40)]

    leased = quota.total(str(account_id))
    assert accepted(answers) == (leased - 50) // 10 * 10
    assert isinstance(answers[-1], Unavailable)
    quota.is_away = False
    keeper.settle(idle_seconds=0)
    assert quota.total(str(account_id)) == stored(database)[0] == 50 + accepted(answers)


def test_a_busy_account_asks_for_quota_seldom(database: Database, account_id: UUID) -> None:
    quota = Quota(limit=1_000_000)
    asked: list[str] = []
    call = quota.call
    quota.call = lambda name, *rest, **more: (asked.append(name), call(name, *rest, **more))[1]  # type: ignore[method-assign]
    desk, _ = desk_of(database, quota)

    for _ in range(100):
        desk.send_requests([a_request(account_id, 5)])

    assert stored(database) == (500, 500)
    assert len(asked) < 10
