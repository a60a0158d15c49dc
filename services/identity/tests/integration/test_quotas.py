from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy import text as sql

from chassis.database import Database
from contracts.errors import NotFound, PlanLimit
from identity.models import QuotaPeriod, QuotaReservation
from identity.usecases import accounts, quotas

Actor = dict[str, Any]


def counters(database: Database, actor: Actor, feature: str = "sms") -> tuple[int, int]:
    with database.transaction() as session:
        row = session.execute(
            select(QuotaPeriod.used, QuotaPeriod.reserved)
            .where(QuotaPeriod.account_id == UUID(actor["account_id"]), QuotaPeriod.feature == feature)
            .order_by(QuotaPeriod.starts_at.desc())
        ).first()
    return (row.used, row.reserved) if row else (0, 0)


def test_sixty_four_callers_never_get_more_than_the_limit(
    database: Database, register: Callable[..., Actor], act: Callable[..., Any]
) -> None:
    actor = register()

    def reserve(_: int) -> int:
        try:
            act(quotas.reserve, actor, reservation_id=uuid4(), feature="sms", amount=3)
        except PlanLimit as refused:
            assert refused.extra["remaining"] < 3
            return 0
        return 3

    with ThreadPoolExecutor(64) as callers:
        granted = sum(callers.map(reserve, range(256)))

    assert granted == 99
    assert counters(database, actor) == (0, 99)


def test_any_mix_of_calls_at_once_leaves_the_books_balanced(
    database: Database, register: Callable[..., Actor], act: Callable[..., Any]
) -> None:
    actor = register()
    ids = [uuid4() for _ in range(24)]

    def mix(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(6):
            reservation_id = rng.choice(ids)
            try:
                match rng.randrange(4):
                    case 0 | 1:
                        amount = rng.randrange(12)
                        act(quotas.reserve, actor, reservation_id=reservation_id, feature="sms", amount=amount)
                    case 2:
                        act(quotas.use, actor, reservation_id=reservation_id, amount=rng.randrange(8))
                    case _:
                        act(quotas.release, actor, reservation_id=reservation_id)
            except (PlanLimit, NotFound):
                pass

    with ThreadPoolExecutor(64) as callers:
        list(callers.map(mix, range(64)))

    used, reserved = counters(database, actor)
    with database.transaction() as session:
        spent, unspent = session.execute(
            select(func.sum(QuotaReservation.used), func.sum(QuotaReservation.amount - QuotaReservation.used))
        ).one()
    assert (used, reserved) == (spent, unspent)
    assert used + reserved <= 100


def test_one_reservation_made_by_many_at_once_is_made_once(
    database: Database, register: Callable[..., Actor], act: Callable[..., Any]
) -> None:
    actor, reservation_id = register(), uuid4()

    with ThreadPoolExecutor(32) as callers:
        answers = list(
            callers.map(
                lambda _: act(quotas.reserve, actor, reservation_id=reservation_id, feature="sms", amount=40),
                range(32),
            )
        )

    assert {answer["reserved"] for answer in answers} == {40}
    assert counters(database, actor) == (0, 40)


def test_a_reservation_is_adjusted_used_and_released(
    database: Database, register: Callable[..., Actor], act: Callable[..., Any]
) -> None:
    actor, reservation_id = register(), uuid4()

    assert act(quotas.reserve, actor, reservation_id=reservation_id, feature="sms", amount=60) == {
        "reserved": 60,
        "remaining": 40,
        "only_to": None,
    }
    assert act(quotas.reserve, actor, reservation_id=reservation_id, feature="sms", amount=80)["remaining"] == 20
    assert act(quotas.use, actor, reservation_id=reservation_id, amount=50) == {"used": 50, "reserved": 30}
    assert act(quotas.use, actor, reservation_id=reservation_id, amount=10) == {"used": 50, "reserved": 30}
    assert act(quotas.release, actor, reservation_id=reservation_id) == {"released": 30}
    assert act(quotas.release, actor, reservation_id=reservation_id) == {"released": 0}
    assert counters(database, actor) == (50, 0)


def test_using_more_than_was_reserved_takes_what_the_plan_has_left(
    database: Database, register: Callable[..., Actor], act: Callable[..., Any]
) -> None:
    actor, reservation_id = register(), uuid4()
    act(quotas.reserve, actor, reservation_id=reservation_id, feature="sms", amount=10)

    assert act(quotas.use, actor, reservation_id=reservation_id, amount=12) == {"used": 12, "reserved": 0}
    act(quotas.reserve, actor, reservation_id=uuid4(), feature="sms", amount=60)
    assert act(quotas.use, actor, reservation_id=reservation_id, amount=101) == {"used": 40, "reserved": 0}
    assert act(quotas.use, actor, reservation_id=reservation_id, amount=101) == {"used": 40, "reserved": 0}

    assert counters(database, actor) == (40, 60)


def test_a_refused_reservation_leaves_nothing_behind(
    database: Database, register: Callable[..., Actor], act: Callable[..., Any]
) -> None:
    actor = register()

    with pytest.raises(PlanLimit) as refused:
        act(quotas.reserve, actor, reservation_id=uuid4(), feature="email", amount=101)

    assert refused.value.code == "quota.exhausted"
    assert refused.value.extra == {"feature": "email", "limit": 100, "remaining": 100}
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(QuotaReservation)) == 0


def test_the_free_plan_ends_after_thirty_days(
    register: Callable[..., Actor], act: Callable[..., Any], clock: Any
) -> None:
    actor = register()
    clock.advance(days=29, hours=23, minutes=59)
    act(quotas.reserve, actor, reservation_id=uuid4(), feature="sms", amount=1)
    clock.advance(minutes=1)

    for ask in (
        lambda: act(quotas.reserve, actor, reservation_id=uuid4(), feature="sms", amount=1),
        lambda: act(quotas.check_limit, actor, feature="contacts"),
    ):
        with pytest.raises(PlanLimit) as refused:
            ask()
        assert refused.value.code == "plan.ended"


def test_a_paid_plan_gets_its_quota_anew_each_period(
    register: Callable[..., Actor], act: Callable[..., Any], clock: Any
) -> None:
    actor = register()
    clock.advance(hours=1)
    operator = {"operator_id": str(uuid4())}
    act(accounts.set_plan, operator, account_id=UUID(actor["account_id"]), plan="starter", reason="paid")
    act(quotas.reserve, actor, reservation_id=uuid4(), feature="sms", amount=5000)
    with pytest.raises(PlanLimit):
        act(quotas.reserve, actor, reservation_id=uuid4(), feature="sms", amount=1)

    clock.advance(days=30)

    assert act(quotas.reserve, actor, reservation_id=uuid4(), feature="sms", amount=1)["remaining"] == 4999


def test_what_was_reserved_under_the_old_plan_settles_there(
    database: Database, register: Callable[..., Actor], act: Callable[..., Any], clock: Any
) -> None:
    actor, reservation_id = register(), uuid4()
    act(quotas.reserve, actor, reservation_id=reservation_id, feature="sms", amount=100)
    clock.advance(hours=1)
    operator = {"operator_id": str(uuid4())}
    act(accounts.set_plan, operator, account_id=UUID(actor["account_id"]), plan="business", reason="paid")

    act(quotas.use, actor, reservation_id=reservation_id, amount=100)
    usage = act(quotas.get_usage, actor)

    sms = usage["features"][0]
    assert (sms["limit"], sms["used"], sms["remaining"]) == (50_000, 0, 50_000)
    with database.transaction() as session:
        assert session.scalar(sql("SELECT sum(used) FROM quota_periods")) == 100


def test_an_add_on_that_the_plan_lacks_is_named(register: Callable[..., Actor], act: Callable[..., Any]) -> None:
    actor = register()

    assert act(quotas.check_limit, actor, feature="contacts") == {"limit": 100}
    with pytest.raises(PlanLimit) as refused:
        act(quotas.check_limit, actor, feature="attachments")
    assert (refused.value.code, refused.value.extra["feature"]) == ("plan.feature_missing", "attachments")


def test_an_account_cannot_settle_anothers_reservation(register: Callable[..., Actor], act: Callable[..., Any]) -> None:
    mine, other, reservation_id = register("kowal"), register("murarz"), uuid4()
    act(quotas.reserve, mine, reservation_id=reservation_id, feature="sms", amount=10)

    with pytest.raises(NotFound):
        act(quotas.release, other, reservation_id=reservation_id)
    with pytest.raises(NotFound):
        act(quotas.use, other, reservation_id=reservation_id, amount=1)


def test_leases_and_reservations_at_once_never_hold_more_than_the_limit(
    database: Database, register: Callable[..., Actor], act: Callable[..., Any]
) -> None:
    actor = register()
    leases = [uuid4() for _ in range(8)]

    def mix(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(6):
            at_least = rng.randrange(20)
            try:
                if rng.random() < 0.3:
                    act(quotas.reserve, actor, reservation_id=uuid4(), feature="sms", amount=rng.randrange(4))
                else:
                    lease_id = rng.choice(leases)
                    wanted = at_least + rng.randrange(50)
                    answer = act(
                        quotas.lease, actor, reservation_id=lease_id, feature="sms", at_least=at_least, wanted=wanted
                    )
                    assert answer["granted"] >= at_least
            except PlanLimit:
                pass

    with ThreadPoolExecutor(32) as callers:
        list(callers.map(mix, range(32)))

    used, reserved = counters(database, actor)
    with database.transaction() as session:
        assert reserved == session.scalar(select(func.sum(QuotaReservation.amount)))
    assert used == 0
    assert 0 < reserved <= 100


def test_a_lease_grows_takes_a_tenth_of_what_is_left_and_never_shrinks(
    database: Database, register: Callable[..., Actor], act: Callable[..., Any]
) -> None:
    actor, lease_id = register(), uuid4()

    def lease(at_least: int, wanted: int) -> Any:
        return act(quotas.lease, actor, reservation_id=lease_id, feature="sms", at_least=at_least, wanted=wanted)

    assert lease(1, 1) == {"granted": 1, "has_ended": False, "only_to": None}
    assert lease(2, 60) == {"granted": 11, "has_ended": False, "only_to": None}
    assert lease(2, 5) == {"granted": 11, "has_ended": False, "only_to": None}
    assert lease(100, 200) == {"granted": 100, "has_ended": False, "only_to": None}
    with pytest.raises(PlanLimit):
        lease(101, 101)
    assert counters(database, actor) == (0, 100)
    act(quotas.use, actor, reservation_id=lease_id, amount=40)
    act(quotas.release, actor, reservation_id=lease_id)
    assert counters(database, actor) == (40, 0)


def test_a_lease_ends_with_its_period(register: Callable[..., Actor], act: Callable[..., Any], clock: Any) -> None:
    actor, lease_id, operator = register(), uuid4(), {"operator_id": str(uuid4())}
    lease = {"reservation_id": lease_id, "feature": "sms"}
    act(quotas.lease, actor, **lease, at_least=5, wanted=5)
    clock.advance(hours=1)
    act(accounts.set_plan, operator, account_id=UUID(actor["account_id"]), plan="starter", reason="paid")

    answer = act(quotas.lease, actor, **lease, at_least=6, wanted=6)

    assert answer == {"granted": 5, "has_ended": True, "only_to": None}
