"""How fast a carrier is sent to, and when it gets nothing for a while."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel.shares import fair_share
from sms_gateway.domain.circuit import Circuit, CircuitState
from sms_gateway.domain.pace import LEAST, NO_LIMIT, Pace


@given(
    st.integers(1, 500),
    st.lists(st.tuples(st.floats(0.0, 0.5), st.integers(0, 200), st.booleans(), st.booleans()), max_size=200),
)
def test_no_sliding_second_has_more_than_the_contract(
    contract: int, steps: list[tuple[float, int, bool, bool]]
) -> None:
    pace, now, sent = Pace(contract), 100.0, list[tuple[float, int]]()
    for waited, wanted, is_bulk, is_throttled in steps:
        now += waited
        parts = min(wanted, pace.room(now, is_bulk=is_bulk))
        pace.note_sent(now, parts)
        pace.note_answers(now, accepted=parts, throttled=int(is_throttled))
        sent.append((now, parts))
    for end, _ in sent:
        assert sum(parts for at, parts in sent if end - 1.0 < at <= end) <= contract


def drive(pace: Pace, takes: int, seconds: int, *, start: float = 100.0, wanted: int = 400) -> list[int]:
    """What a carrier that takes so many in a second has taken, second by second."""
    taken = []
    for second in range(seconds):
        accepted = 0
        for tick in range(100):
            now = start + second + tick / 100
            parts = min(wanted, pace.room(now, is_bulk=True)) if pace.is_limited else wanted
            pace.note_sent(now, parts)
            good = min(parts, takes - accepted)
            accepted += good
            pace.note_answers(now, accepted=good, throttled=parts - good)
        taken.append(accepted)
    return taken


@pytest.mark.parametrize("contract", [None, 200, 60])
def test_a_carrier_that_throttles_gets_nearly_what_it_takes(contract: float | None) -> None:
    taken = drive(Pace(contract), 50, 30)

    assert sum(taken[5:]) / 25 >= 40


def test_the_rate_climbs_again_when_the_carrier_takes_more() -> None:
    pace = Pace(200)
    drive(pace, 20, 10)
    assert pace.limit < 40

    assert drive(pace, 10_000, 40, start=110.0)[-1] >= 170


def test_something_always_asks_whether_the_carrier_takes_again() -> None:
    pace = Pace(None)

    drive(pace, 0, 60)

    assert LEAST <= pace.limit < 20


def test_a_code_finds_room_when_bulk_has_taken_all() -> None:
    pace = Pace(100)
    now = 10.0
    pace.note_sent(now, pace.room(now, is_bulk=True))

    assert pace.room(now, is_bulk=True) == 0
    assert pace.room(now, is_bulk=False) >= 1


def test_without_a_lease_nothing_leaves() -> None:
    pace = Pace(0)

    assert pace.room(1e6, is_bulk=False) == 0 and pace.is_limited
    pace.allow(10, until=1e6 + 3)
    assert pace.room(1e6 + 2, is_bulk=False) == 1
    assert pace.room(1e6 + 4, is_bulk=False) == 0


def test_a_carrier_without_limit_has_none_until_it_throttles() -> None:
    pace = Pace(None)
    assert not pace.is_limited and pace.limit == NO_LIMIT
    pace.note_sent(1.0, 300)
    pace.note_answers(1.1, accepted=100, throttled=1)

    assert pace.limit == pytest.approx(100)


def test_a_carrier_that_answers_errors_alone_gets_nothing_for_a_while_and_then_one_at_a_time() -> None:
    circuit = Circuit()
    assert [circuit.note(1.0, good=0, ill=1) for _ in range(5)] == [False] * 4 + [True]
    assert circuit.room(0) == 0

    circuit.begin_trial()
    assert (circuit.room(0), circuit.room(1)) == (1, 0)
    first = circuit.wait
    assert circuit.note(2.0, good=0, ill=1) and circuit.wait == first * 2

    circuit.begin_trial()
    for _ in range(20):
        assert circuit.state is CircuitState.TRIAL
        circuit.note(3.0, good=1, ill=0)
    assert circuit.state is CircuitState.CLOSED and circuit.wait == first and circuit.room(10) is None


@pytest.mark.parametrize(("ill", "opens"), [(2, False), (9, False), (10, True)])
def test_half_of_the_answers_being_errors_opens_it(ill: int, opens: bool) -> None:
    circuit = Circuit()
    outcomes = [circuit.note(1.0, good=0 if n % 2 and n < ill * 2 else 1, ill=n % 2 and n < ill * 2) for n in range(20)]

    assert any(outcomes) is opens


@given(st.integers(1, 300), st.dictionaries(st.text("abcdef", min_size=1), st.booleans(), min_size=1, max_size=6))
def test_shares_of_a_rate_add_up_to_it_and_everybody_gets_some_in_turn(contract: int, busy: dict[str, bool]) -> None:
    turns = [{who: fair_share(contract, busy, who, turn) for who in busy} for turn in range(len(busy))]

    assert all(sum(shares.values()) == contract for shares in turns)
    assert all(share >= 0 for shares in turns for share in shares.values())
    if contract >= len(busy):
        assert all(share >= 1 for shares in turns for share in shares.values())
    else:
        active = [who for who in busy if busy[who]] or list(busy)
        assert all(any(shares[who] for shares in turns) for who in active)
