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
from identity.usecases import operators, quotas

Actor = dict[str, Any]


@pytest.fixture
def call(database: Database, clock: Any) -> Callable[..., Any]:
    """Run a use case in a transaction of its own, as the service does."""

    def run(use_case: Callable[..., Any], actor: Actor, **request: Any) -> Any:
        timed = () if use_case in (quotas.use, quotas.release) else (clock.now,)
        with database.transaction() as session:
            return use_case(session, actor, *timed, **request)

    return run


def counters(database: Database, actor: Actor, feature: str = "sms") -> tuple[int, int]:
    with database.transaction() as session:
        row = session.execute(
            select(QuotaPeriod.used, QuotaPeriod.reserved)
            .where(QuotaPeriod.account_id == UUID(actor["account_id"]), QuotaPeriod.feature == feature)
            .order_by(QuotaPeriod.starts_at.desc())
        ).first()
    return (row.used, row.reserved) if row else (0, 0)


def test_sixty_four_callers_never_get_more_than_the_limit(
    database: Database, register: Callable[..., Actor], call: Callable[..., Any]
) -> None:
    actor = register()

    def reserve(_: int) -> int:
        try:
            call(quotas.reserve, actor, reservation_id=uuid4(), feature="sms", amount=3)
        except PlanLimit as refused:
            assert refused.extra["remaining"] < 3
            return 0
        return 3

    with ThreadPoolExecutor(64) as callers:
        granted = sum(callers.map(reserve, range(256)))

    assert granted == 99
    assert counters(database, actor) == (0, 99)


def test_any_mix_of_calls_at_once_leaves_the_books_balanced(
    database: Database, register: Callable[..., Actor], call: Callable[..., Any]
) -> None:
    actor = register()
    ids = [uuid4() for _ in range(24)]

    def act(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(6):
            reservation_id = rng.choice(ids)
            try:
                match rng.randrange(4):
                    case 0 | 1:
                        amount = rng.randrange(12)
                        call(quotas.reserve, actor, reservation_id=reservation_id, feature="sms", amount=amount)
                    case 2:
                        call(quotas.use, actor, reservation_id=reservation_id, amount=rng.randrange(8))
                    case _:
                        call(quotas.release, actor, reservation_id=reservation_id)
            except (PlanLimit, NotFound):
                pass

    with ThreadPoolExecutor(64) as callers:
        list(callers.map(act, range(64)))

    used, reserved = counters(database, actor)
    with database.transaction() as session:
        spent, unspent = session.execute(
            select(func.sum(QuotaReservation.used), func.sum(QuotaReservation.amount - QuotaReservation.used))
        ).one()
    assert (used, reserved) == (spent, unspent)
    assert used + reserved <= 100


def test_one_reservation_made_by_many_at_once_is_made_once(
    database: Database, register: Callable[..., Actor], call: Callable[..., Any]
) -> None:
    actor, reservation_id = register(), uuid4()

    with ThreadPoolExecutor(32) as callers:
        answers = list(
            callers.map(
                lambda _: call(quotas.reserve, actor, reservation_id=reservation_id, feature="sms", amount=40),
                range(32),
            )
        )

    assert {answer["reserved"] for answer in answers} == {40}
    assert counters(database, actor) == (0, 40)


def test_a_reservation_is_adjusted_used_and_released(
    database: Database, register: Callable[..., Actor], call: Callable[..., Any]
) -> None:
    actor, reservation_id = register(), uuid4()

    assert call(quotas.reserve, actor, reservation_id=reservation_id, feature="sms", amount=60) == {
        "reserved": 60,
        "remaining": 40,
    }
    assert call(quotas.reserve, actor, reservation_id=reservation_id, feature="sms", amount=80)["remaining"] == 20
    assert call(quotas.use, actor, reservation_id=reservation_id, amount=50) == {"used": 50, "reserved": 30}
    assert call(quotas.use, actor, reservation_id=reservation_id, amount=10) == {"used": 50, "reserved": 30}
    assert call(quotas.release, actor, reservation_id=reservation_id) == {"released": 30}
    assert call(quotas.release, actor, reservation_id=reservation_id) == {"released": 0}
    assert counters(database, actor) == (50, 0)


def test_using_more_than_was_reserved_takes_the_rest_only_if_the_plan_has_it(
    database: Database, register: Callable[..., Actor], call: Callable[..., Any]
) -> None:
    actor, reservation_id = register(), uuid4()
    call(quotas.reserve, actor, reservation_id=reservation_id, feature="sms", amount=10)

    assert call(quotas.use, actor, reservation_id=reservation_id, amount=12) == {"used": 12, "reserved": 0}
    with pytest.raises(PlanLimit):
        call(quotas.use, actor, reservation_id=reservation_id, amount=101)

    assert counters(database, actor) == (12, 0)


def test_a_refused_reservation_leaves_nothing_behind(
    database: Database, register: Callable[..., Actor], call: Callable[..., Any]
) -> None:
    actor = register()

    with pytest.raises(PlanLimit) as refused:
        call(quotas.reserve, actor, reservation_id=uuid4(), feature="email", amount=101)

    assert refused.value.code == "quota.exhausted"
    assert refused.value.extra == {"feature": "email", "limit": 100, "remaining": 100}
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(QuotaReservation)) == 0


def test_the_free_plan_ends_after_thirty_days(
    register: Callable[..., Actor], call: Callable[..., Any], clock: Any
) -> None:
    actor = register()
    clock.advance(days=29, hours=23, minutes=59)
    call(quotas.reserve, actor, reservation_id=uuid4(), feature="sms", amount=1)
    clock.advance(minutes=1)

    for ask in (
        lambda: call(quotas.reserve, actor, reservation_id=uuid4(), feature="sms", amount=1),
        lambda: call(quotas.check_limit, actor, feature="contacts"),
    ):
        with pytest.raises(PlanLimit) as refused:
            ask()
        assert refused.value.code == "plan.ended"


def test_a_paid_plan_gets_its_quota_anew_each_period(
    register: Callable[..., Actor], call: Callable[..., Any], clock: Any
) -> None:
    actor = register()
    clock.advance(hours=1)
    operator = {"operator_id": str(uuid4())}
    call(operators.set_plan, operator, account_id=UUID(actor["account_id"]), plan="starter", reason="paid")
    call(quotas.reserve, actor, reservation_id=uuid4(), feature="sms", amount=5000)
    with pytest.raises(PlanLimit):
        call(quotas.reserve, actor, reservation_id=uuid4(), feature="sms", amount=1)

    clock.advance(days=30)

    assert call(quotas.reserve, actor, reservation_id=uuid4(), feature="sms", amount=1)["remaining"] == 4999


def test_what_was_reserved_under_the_old_plan_settles_there(
    database: Database, register: Callable[..., Actor], call: Callable[..., Any], clock: Any
) -> None:
    actor, reservation_id = register(), uuid4()
    call(quotas.reserve, actor, reservation_id=reservation_id, feature="sms", amount=100)
    clock.advance(hours=1)
    operator = {"operator_id": str(uuid4())}
    call(operators.set_plan, operator, account_id=UUID(actor["account_id"]), plan="business", reason="paid")

    call(quotas.use, actor, reservation_id=reservation_id, amount=100)
    usage = call(quotas.usage, actor)

    sms = usage["features"][0]
    assert (sms["limit"], sms["used"], sms["remaining"]) == (50_000, 0, 50_000)
    with database.transaction() as session:
        assert session.scalar(sql("SELECT sum(used) FROM quota_periods")) == 100


def test_an_add_on_that_the_plan_lacks_is_named(register: Callable[..., Actor], call: Callable[..., Any]) -> None:
    actor = register()

    assert call(quotas.check_limit, actor, feature="contacts") == {"limit": 100}
    with pytest.raises(PlanLimit) as refused:
        call(quotas.check_limit, actor, feature="attachments")
    assert (refused.value.code, refused.value.extra["feature"]) == ("plan.feature_missing", "attachments")


def test_an_account_cannot_settle_anothers_reservation(
    register: Callable[..., Actor], call: Callable[..., Any]
) -> None:
    mine, other, reservation_id = register("kowal"), register("murarz"), uuid4()
    call(quotas.reserve, mine, reservation_id=reservation_id, feature="sms", amount=10)

    with pytest.raises(NotFound):
        call(quotas.release, other, reservation_id=reservation_id)
    with pytest.raises(NotFound):
        call(quotas.use, other, reservation_id=reservation_id, amount=1)


def test_leases_and_reservations_at_once_never_hold_more_than_the_limit(
    database: Database, register: Callable[..., Actor], call: Callable[..., Any]
) -> None:
    actor = register()
    leases = [uuid4() for _ in range(8)]

    def act(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(6):
            at_least = rng.randrange(20)
            try:
                if rng.random() < 0.3:
                    call(quotas.reserve, actor, reservation_id=uuid4(), feature="sms", amount=rng.randrange(4))
                else:
                    lease_id = rng.choice(leases)
                    wanted = at_least + rng.randrange(50)
                    answer = call(
                        quotas.lease, actor, reservation_id=lease_id, feature="sms", at_least=at_least, wanted=wanted
                    )
                    assert answer["granted"] >= at_least
            except PlanLimit:
                pass

    with ThreadPoolExecutor(32) as callers:
        list(callers.map(act, range(32)))

    used, reserved = counters(database, actor)
    with database.transaction() as session:
        assert reserved == session.scalar(select(func.sum(QuotaReservation.amount)))
    assert used == 0
    assert 0 < reserved <= 100


def test_a_lease_grows_takes_a_tenth_of_what_is_left_and_never_shrinks(
    database: Database, register: Callable[..., Actor], call: Callable[..., Any]
) -> None:
    actor, lease_id = register(), uuid4()

    def lease(at_least: int, wanted: int) -> Any:
        return call(quotas.lease, actor, reservation_id=lease_id, feature="sms", at_least=at_least, wanted=wanted)

    assert lease(1, 1) == {"granted": 1, "has_ended": False}
    assert lease(2, 60) == {"granted": 11, "has_ended": False}
    assert lease(2, 5) == {"granted": 11, "has_ended": False}
    assert lease(100, 200) == {"granted": 100, "has_ended": False}
    with pytest.raises(PlanLimit):
        lease(101, 101)
    assert counters(database, actor) == (0, 100)
    call(quotas.use, actor, reservation_id=lease_id, amount=40)
    call(quotas.release, actor, reservation_id=lease_id)
    assert counters(database, actor) == (40, 0)


def test_a_lease_ends_with_its_period(register: Callable[..., Actor], call: Callable[..., Any], clock: Any) -> None:
    actor, lease_id, operator = register(), uuid4(), {"operator_id": str(uuid4())}
    lease = {"reservation_id": lease_id, "feature": "sms"}
    call(quotas.lease, actor, **lease, at_least=5, wanted=5)
    clock.advance(hours=1)
    call(operators.set_plan, operator, account_id=UUID(actor["account_id"]), plan="starter", reason="paid")

    answer = call(quotas.lease, actor, **lease, at_least=6, wanted=6)

    assert answer == {"granted": 5, "has_ended": True}
