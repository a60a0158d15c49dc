"""Coming, going and invitations, told in any order and twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from viber_gateway.domain.subscription import Subscription

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
moments = st.integers(0, 3).map(lambda minute: NOON + timedelta(minutes=minute))
words = st.tuples(st.just("turned"), st.booleans(), moments) | st.tuples(
    st.just("linked"), st.integers(1, 2).map(lambda number: UUID(int=number)), moments
)


def after(told: Any) -> Subscription:
    known = Subscription()
    for name, *rest in told:
        known = getattr(known, name)(*rest)
    return known


@given(st.lists(words, min_size=1, max_size=4))
def test_in_whatever_order_it_is_told_and_however_often_the_end_is_the_same(told: Any) -> None:
    ends = {after(order) for order in permutations([*told, told[0]])}

    (end,) = ends
    turns = [(at, not is_subscribed) for name, is_subscribed, at in told if name == "turned"]
    if turns:
        assert (end.changed_at, not end.is_subscribed) == max(turns)
    else:
        assert (end.changed_at, end.is_subscribed) == (None, False)


def test_a_word_that_changes_nothing_is_of_its_moment_all_the_same() -> None:
    def at(minute: int) -> datetime:
        return NOON + timedelta(minutes=minute)

    gone = Subscription().turned(True, at(1)).turned(False, at(2)).turned(False, at(4))
    assert not gone.turned(True, at(3)).is_subscribed
    assert not Subscription().turned(False, at(1)).turned(True, at(0)).is_subscribed
    assert Subscription().turned(True, at(1)).turned(True, at(3)).turned(False, at(2)).is_subscribed
