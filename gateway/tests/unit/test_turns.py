"""Turns are shared: none is lost, none is given twice, and a few subjects together leave some to who comes next."""

import threading
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_gateway.turns import Turns

SUBJECTS = st.sampled_from("abcdef")


@pytest.mark.parametrize("greedy", [1, 2, 10])
def test_who_takes_all_that_can_be_had_leaves_some(greedy):
    turns = Turns(40)
    for _ in range(40):
        for number in range(greedy):
            turns.try_take(f"greedy{number}")

    assert turns.try_take("newcomer")


@given(total=st.integers(2, 12), steps=st.lists(st.tuples(st.booleans(), SUBJECTS), max_size=60))
def test_turns_are_neither_lost_nor_doubled(total, steps):
    turns, held = Turns(total), Counter()
    for takes, subject in steps:
        if takes:
            free = total - held.total()
            assert turns.try_take(subject) == (held[subject] < free)
            held[subject] += held[subject] < free
        elif held[subject]:
            turns.give_back(subject)
            held[subject] -= 1
    for subject in held.elements():
        turns.give_back(subject)

    assert sum(turns.try_take(f"s{number}") for number in range(2 * total)) == total


def test_waiters_get_turns_as_they_come_free_and_who_gives_up_gets_none():
    turns, got = Turns(2), []
    assert turns.try_take("a")

    def wait():
        got.append(turns.take("a", look_seconds=0.01, give_up=lambda: False))

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert not turns.take("a", look_seconds=0.01, give_up=lambda: True)
    assert turns.try_take("b")
    turns.give_back("a")
    waiting.join(0.2)  # the one that is free is for who has none: one held, none free beside it
    turns.give_back("b")
    waiting.join(10)

    assert got == [True]
    assert turns.try_take("c")
