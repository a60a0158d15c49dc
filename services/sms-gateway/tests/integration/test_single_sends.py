"""Many callers at once, a quota that runs out, and an identity that is away."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from channel import quota_leases
from channel.quota_leases import LeaseKeeper
from channel.single_sends import SingleSends
from chassis import gathering
from chassis.database import Database
from chassis.gathering import Turns
from chassis.ids import new_id
from chassis.rpc_client import RemoteFailure
from chassis.testing import wait_until
from contracts.errors import Invalid, NotFound, PlanLimit, Unavailable, WiciError
from contracts.sms_gateway import RPC
from sms_gateway.models import SenderId
from sms_gateway.store import contents
from sms_gateway.store import messages as message_store
from sms_gateway.usecases import messages


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
    return an_account(database)


def an_account(database: Database) -> UUID:
    account_id = new_id()
    with database.transaction() as session:
        session.add(SenderId(id=new_id(), account_id=account_id, sender="Wici", sender_key="wici", state="active"))
    return account_id


class Desk(SingleSends):
    """The service's way of sending, without the service."""

    def __init__(self, database: Database, keeper: LeaseKeeper) -> None:
        super().__init__(database, keeper, messages.storing(now))

    def send_all(self, requests: Any, turns: Turns | None = None) -> list[Any]:
        return self.send_requests(requests, turns or Turns(None), planned)


def now() -> datetime:
    return datetime.now(UTC)


def planned(actor: Any, payload: dict[str, Any]) -> Any:
    return messages.plan_send(None, actor=actor, now=now(), **RPC["send_messages"].load(payload))


def desk_of(database: Database, quota: Quota) -> tuple[Desk, LeaseKeeper]:
    keeper = LeaseKeeper(database, "sms", quota.call)
    return Desk(database, keeper), keeper


def a_request(account_id: UUID, recipients: int, key: str | None = None, *, text: str = "Hej") -> Any:
    addresses = [f"+4860000{number:04d}" for number in range(recipients)]
    return {"account_id": str(account_id), "request_key": key}, {"from": "Wici", "to": addresses, "text": text}


def accepted(answers: list[dict[str, Any] | WiciError]) -> int:
    return sum(len(answer["messages"]) for answer in answers if isinstance(answer, dict))


def stored(database: Database) -> tuple[int, int]:
    with database.transaction() as session:
        messages = session.scalar(text("SELECT count(*) FROM ledger"))
        leased = session.scalar(text("SELECT coalesce(sum(used), 0) FROM quota_leases"))
        return int(messages or 0), int(leased or 0)


def one_by_one(desk: Any, account_id: UUID, count: int) -> list[Any]:
    """Requests of one recipient each, some of them in each transaction."""
    return [
        answer
        for begun in range(0, count, 20)
        for answer in desk.send_all([a_request(account_id, 1) for _ in range(min(20, count - begun))])
    ]


def test_sixteen_desks_send_the_quota_to_the_last_unit_and_not_one_more(database: Database, account_id: UUID) -> None:
    quota = Quota(limit=400)

    def send(seed: int) -> int:
        rng, (desk, keeper) = random.Random(seed), desk_of(database, quota)
        count = 0
        for _ in range(12):
            requests = [a_request(account_id, rng.choice([1, 1, 2, 7])) for _ in range(rng.randrange(1, 6))]
            count += accepted(desk.send_all(requests))
            if rng.random() < 0.2:
                keeper.settle(idle_seconds=0)
        return count

    with ThreadPoolExecutor(16) as callers:
        sent = sum(callers.map(send, range(16)))
    desk, keeper = desk_of(database, quota)
    keeper.settle(idle_seconds=0)
    # What leases had kept from one another is there again, to the last unit.
    sent += accepted(one_by_one(desk, account_id, 400))
    keeper.settle(idle_seconds=0)

    assert sent == 400
    assert stored(database) == (400, 0)
    assert sum(used for _, _, used in quota.held.values()) == 400
    assert quota.total(str(account_id)) == 400


@pytest.mark.parametrize("seed", range(3))
def test_parts_are_leased_refused_and_spent(database: Database, account_id: UUID, seed: int) -> None:
    """Whatever is asked for: never more parts than the quota, and what is used is what the ledger holds."""
    quota, rng = Quota(limit=600), random.Random(seed)

    def send(seed: int) -> list[Any]:
        rng, (desk, keeper) = random.Random(seed), desk_of(database, quota)
        answers: list[Any] = []
        for _ in range(10):
            requests = [
                a_request(account_id, rng.choice([1, 2, 5]), text=rng.choice(["Hej", "x" * 161, "ż" * 200]))
                for _ in range(rng.randrange(1, 6))
            ]
            answers += desk.send_all(requests)
            keeper.settle(idle_seconds=0)
        return answers

    with ThreadPoolExecutor(8) as callers:
        answers = [answer for some in callers.map(send, [rng.random() for _ in range(8)]) for answer in some]
    desk, keeper = desk_of(database, quota)
    keeper.settle(idle_seconds=0)
    answers += one_by_one(desk, account_id, 601)
    keeper.settle(idle_seconds=0)

    taken = [message for answer in answers if isinstance(answer, dict) for message in answer["messages"]]
    assert {message["parts"] for message in taken} == {1, 2, 3}
    assert sum(message["parts"] for message in taken) == 600
    with database.transaction() as session:
        assert session.scalar(text("SELECT sum(parts) FROM ledger")) == 600
    assert sum(used for _, _, used in quota.held.values()) == 600


def test_a_request_that_is_repeated_at_the_same_time_is_stored_once(database: Database, account_id: UUID) -> None:
    quota = Quota(limit=1000)

    def send(_: int) -> Any:
        desk, _keeper = desk_of(database, quota)
        return desk.send_all([a_request(account_id, 2, "one"), a_request(account_id, 3, "two")])

    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(send, range(8)))

    assert all(answer == answers[0] for answer in answers)
    assert stored(database) == (5, 5)


def test_without_identity_nothing_is_sent_that_was_not_leased(database: Database, account_id: UUID) -> None:
    quota = Quota(limit=1000)
    desk, keeper = desk_of(database, quota)
    for _ in range(5):
        desk.send_all([a_request(account_id, 10)])
    quota.is_away = True
    keeper.settle(idle_seconds=60)

    answers = [desk.send_all([a_request(account_id, 10)])[0] for _ in range(40)]

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
        desk.send_all([a_request(account_id, 5)])

    assert stored(database) == (500, 500)
    assert len(asked) < 10


class FailingQuota(Quota):
    """Fails for some accounts in a way that nobody foresaw."""

    def __init__(self, limit: int, failing: set[UUID]) -> None:
        super().__init__(limit)
        self.failing = {str(account_id) for account_id in failing}

    def call(self, name: str, actor: dict[str, Any], payload: dict[str, Any], *, deadline: float) -> Any:
        if actor["account_id"] in self.failing:
            raise RemoteFailure(f"{name} failed: KeyError")
        return super().call(name, actor, payload, deadline=deadline)


def test_what_is_stored_is_not_stored_again_when_another_account_fails(database: Database, account_id: UUID) -> None:
    other_id = an_account(database)
    quota = FailingQuota(1000, {other_id})
    desk, keeper = desk_of(database, quota)
    keeper.extend(account_id, 10)

    requests = [a_request(account_id, 2), a_request(other_id, 3), a_request(account_id, 1)]
    answers = gathering.answer({"requests": requests}, desk.send_all)["answers"]

    assert [next(iter(answer)) for answer in answers] == ["result", "error", "result"]
    assert stored(database) == (3, 3)


def test_a_request_that_no_row_can_hold_fails_by_itself(database: Database, account_id: UUID) -> None:
    desk, keeper = desk_of(database, Quota(limit=1000))
    actor, payload = a_request(account_id, 1)
    poison = (actor, {**payload, "external_id": "a\0b"})
    ready_id = an_account(database)
    keeper.extend(ready_id, 10)

    requests = [a_request(ready_id, 2), poison, a_request(account_id, 3)]
    answers = gathering.answer({"requests": requests}, desk.send_all)["answers"]

    assert [next(iter(answer)) for answer in answers] == ["result", "error", "result"]
    assert stored(database) == (5, 5)


def test_a_lease_that_cannot_be_settled_keeps_no_other_from_going_back(database: Database, account_id: UUID) -> None:
    quota = FailingQuota(1000, set())
    desk, keeper = desk_of(database, quota)
    desk.send_all([a_request(account_id, 1)])
    other_id = an_account(database)
    desk.send_all([a_request(other_id, 1)])
    keeper.extend(other_id, 50)
    quota.failing = {str(account_id)}

    keeper.settle(idle_seconds=0)

    assert quota.total(str(other_id)) == 1


def test_settling_locks_leases_in_the_order_of_whoever_spends(database: Database) -> None:
    first_id, second_id = new_id(), new_id()
    _, keeper = desk_of(database, Quota(limit=1000))
    for account_id in (second_id, first_id):  # on disk the other way round
        keeper.extend(account_id, 5)

    with ThreadPoolExecutor(1) as other:
        with database.transaction() as session:
            quota_leases.leased(session, [first_id])
            settled = other.submit(keeper.settle, 0)
            _wait_for_a_lock(database)
            assert quota_leases.leased(session, [first_id, second_id]).keys() == {first_id, second_id}
        settled.result(10)


def test_whoever_erases_an_account_and_whoever_sends_for_it_wait_in_one_order(
    database: Database, account_id: UUID
) -> None:
    desk, keeper = desk_of(database, Quota(limit=1000))
    desk.send_all([a_request(account_id, 1)])
    keeper.extend(account_id, 5)
    with database.transaction() as session:
        row = session.execute(text("SELECT account_id, sender, content FROM contents")).one()

    with ThreadPoolExecutor(1) as other:
        with database.transaction() as session:
            quota_leases.leased(session, [account_id])
            erased = other.submit(_erase, database, account_id)
            _wait_for_a_lock(database)
            contents.keep_contents(session, [(row.account_id, row.sender, row.content, now())])
        erased.result(10)


def _erase(database: Database, account_id: UUID) -> None:
    with database.transaction() as session:
        message_store.erase_account(session, account_id)


def _wait_for_a_lock(database: Database) -> None:
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    def somebody_waits() -> bool:
        with database.transaction() as session:
            return bool(session.scalar(text(waiting)))

    wait_until(somebody_waits, what="somebody waiting for a lock")


def test_nothing_goes_back_while_a_call_for_more_may_be_under_way(database: Database, account_id: UUID) -> None:
    """Else identity could grant after the release, to a lease that nobody remembers."""
    quota, asked = Quota(limit=1000), []

    def unanswered(*request: Any, **more: Any) -> Any:
        asked.append((request, more))
        raise Unavailable("service.timeout", "granted later than anybody waits")

    with pytest.raises(Unavailable):
        LeaseKeeper(database, "sms", unanswered).extend(account_id, 5)
    _, keeper = desk_of(database, quota)
    _rest(database, seconds=6)
    keeper.settle()
    ((request, more),) = asked
    quota.call(*request, **more)
    _rest(database, seconds=6)
    keeper.settle()

    assert quota.total(str(account_id)) == 0


def test_a_lease_that_is_being_extended_is_not_idle(database: Database, account_id: UUID) -> None:
    quota = Quota(limit=1000)
    desk, keeper = desk_of(database, quota)
    desk.send_all([a_request(account_id, 1)])
    _rest(database, seconds=60)
    lease = _only_lease(database)

    def settled_meanwhile(*request: Any, **more: Any) -> Any:
        keeper.settle()
        return quota.call(*request, **more)

    LeaseKeeper(database, "sms", settled_meanwhile).extend(account_id, 500)

    assert _only_lease(database) == lease


def _only_lease(database: Database) -> UUID:
    with database.transaction() as session:
        return UUID(str(session.scalars(text("SELECT reservation_id FROM quota_leases")).one()))


def _rest(database: Database, seconds: int) -> None:
    with database.transaction() as session:
        session.execute(text("UPDATE quota_leases SET used_at = used_at - make_interval(secs => :s)"), {"s": seconds})


def test_what_may_be_committed_is_not_tried_again(
    database: Database, account_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server commits, and the connection is gone before it says so."""
    desk, keeper = desk_of(database, Quota(limit=1000))
    keeper.extend(account_id, 10)
    transaction = database.transaction

    @contextmanager
    def unanswered() -> Iterator[Any]:
        with transaction() as session:
            yield session
        monkeypatch.undo()
        raise DBAPIError(None, {}, Exception("gone"), connection_invalidated=True)

    monkeypatch.setattr(database, "transaction", unanswered)
    requests = [a_request(account_id, 2), a_request(account_id, 3)]
    answers = gathering.answer({"requests": requests}, desk.send_all)["answers"]

    assert [answer["error"][1] for answer in answers] == ["database.unanswered"] * 2
    assert stored(database) == (5, 5)


def test_the_sender_goes_out_as_it_was_approved_whatever_case_it_is_named_in(
    database: Database, account_id: UUID
) -> None:
    desk, _ = desk_of(database, Quota(limit=10))
    actor, request = a_request(account_id, 1)

    assert accepted(desk.send_all([(actor, {**request, "from": "wICI"})])) == 1

    with database.transaction() as session:
        assert session.scalars(text("SELECT sender FROM contents")).all() == ["Wici"]


def test_reporting_is_told_who_handed_a_message_in_and_where_its_events_are_posted(
    database: Database, account_id: UUID
) -> None:
    desk, _ = desk_of(database, Quota(limit=10))
    actor, request = a_request(account_id, 1)
    labels = {"external_id": "zam/7", "webhook_url": "https://sklep.example/wici"}

    assert accepted(desk.send_all([({**actor, "api_key_id": "k", "user_id": "u"}, {**request, **labels})])) == 1

    with database.transaction() as session:
        bodies = session.scalars(text("SELECT body FROM outbox ORDER BY position")).all()
    told = [orjson.loads(bytes(body)) for body in bodies]
    assert told[0]["events"][0]["labels"] == {**labels, "submitter_id": "k", "test_of": None}, "before the batch"
    assert "batches" in told[1]


@pytest.mark.parametrize("empty", [" ", "\n\t "])
def test_an_empty_text_is_refused_before_it_is_charged(database: Database, account_id: UUID, empty: str) -> None:
    actor, request = a_request(account_id, 1)

    with pytest.raises(Invalid) as refused:
        planned(actor, {**request, "text": empty})

    assert refused.value.code == "text.empty"
    assert stored(database) == (0, 0)
