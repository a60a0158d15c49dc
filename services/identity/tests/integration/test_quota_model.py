"""Quotas against a model of a few lines: whatever is called in whatever order, both say the same."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.database import Database
from contracts.errors import NotFound, PlanLimit
from identity.usecases import quotas

LIMIT = 100
CALLS = st.lists(
    st.tuples(st.sampled_from(["reserve", "use", "release"]), st.integers(0, 4), st.integers(0, 70)), max_size=15
)
_names = count()


class Model:
    """Reservations by number: [amount, used]."""

    def __init__(self) -> None:
        self.held: dict[int, list[int]] = {}

    def total(self) -> int:
        return sum(amount for amount, _ in self.held.values())

    def call(self, name: str, number: int, amount: int) -> str:
        if name == "reserve":
            return self._grow(number, max(amount, self.held.get(number, [0, 0])[1]), 0)
        if number not in self.held:
            return "missing"
        held = self.held[number]
        if name == "release":
            held[0] = held[1]
            return "done"
        # What lies over the reservation is used as far as the account has it.
        used = min(amount, max(held[0], LIMIT - self.total() + held[0]))
        return "done" if used <= held[1] else self._grow(number, max(held[0], used), used)

    def _grow(self, number: int, amount: int, used: int) -> str:
        before = self.held.get(number, [0, 0])
        if amount > before[0] and self.total() - before[0] + amount > LIMIT:
            return "exhausted"
        self.held[number] = [amount, max(used, before[1])]
        return "done"


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CALLS)
def test_the_books_are_those_of_the_model(
    database: Database, register: Callable[..., Any], clock: Any, calls: list[tuple[str, int, int]]
) -> None:
    actor, model = register(f"konto{next(_names)}"), Model()

    for name, number, amount in calls:
        assert _call(database, actor, clock.now, name, UUID(int=number + 1), amount) == model.call(name, number, amount)

    with database.transaction() as session:
        sms = quotas.get_usage(session, actor=actor, now=clock.now)["features"][0]
    assert sms["used"] == sum(used for _, used in model.held.values())
    assert sms["used"] + sms["reserved"] == model.total() <= LIMIT


def _call(database: Database, actor: Any, now: Any, name: str, reservation_id: UUID, amount: int) -> str:
    try:
        with database.transaction() as session:
            if name == "reserve":
                quotas.reserve(
                    session, actor=actor, now=now, reservation_id=reservation_id, feature="sms", amount=amount
                )
            elif name == "use":
                quotas.use(session, actor=actor, now=now, reservation_id=reservation_id, amount=amount)
            else:
                quotas.release(session, actor=actor, now=now, reservation_id=reservation_id)
    except PlanLimit:
        return "exhausted"
    except NotFound:
        return "missing"
    return "done"
