"""Mails a second to a provider: never more than there are, in any second, by however many processes."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from email_gateway.smtp.rates import RECOVERS_SECONDS, SECOND, Rate
from email_gateway.smtp.shaping import SHAPES
from email_gateway.store.provider_places import LEASE_SECONDS, Report, granted_of

from .test_shaping import Clock


def most_in_a_second(times: list[float]) -> int:
    return max((sum(start <= each < start + 1.0 for each in times) for start in times), default=0)


@given(st.integers(1, 30), st.lists(st.tuples(st.floats(0, 0.4), st.booleans()), max_size=120))
def test_no_second_has_more_than_the_rate(most: int, steps: list[tuple[float, bool]]) -> None:
    clock, begun = Clock(), []
    rate = Rate(most, share=most, clock=clock)
    for passes, urgent in steps:
        clock.now += passes
        begun += [clock.now] if rate.take(urgent=urgent) else []
    assert most_in_a_second(begun) <= most


def test_something_urgent_finds_room_when_bulk_has_taken_its_part() -> None:
    rate = Rate(20, share=20, clock=Clock())
    assert sum(rate.take(urgent=False) for _ in range(30)) == 18
    assert sum(rate.take(urgent=True) for _ in range(30)) == 2


def test_of_one_mail_a_second_bulk_has_it() -> None:
    assert Rate(1, share=1, clock=Clock()).take(urgent=False)


def test_too_much_halves_the_rate_and_a_tenth_comes_back_a_minute() -> None:
    clock = Clock()
    clock.now = 1_000.0
    rate = Rate(100, share=100, clock=clock)
    for _ in range(60):
        assert rate.take(urgent=True)

    rate.slow_down()
    rate.slow_down()  # another connection was told at the same moment
    assert rate.limit == 30
    clock.now += 2 * RECOVERS_SECONDS
    assert rate.limit == 50
    clock.now += 60 * RECOVERS_SECONDS
    assert rate.limit == 100


def in_time_of(clock: Clock) -> asyncio.AbstractEventLoop:
    """A loop on which `clock` stands still while anything is to do, and is then at the next timer."""
    loop = asyncio.SelectorEventLoop()
    loop.time = clock  # type: ignore[method-assign]

    def select(timeout: float | None) -> list[object]:
        assert timeout is not None, "nothing will ever happen"
        clock.now += timeout
        return []

    loop._selector.select = select  # type: ignore[attr-defined]
    return loop


class Waiter:
    """A destination: it sends one mail each time that it is told, and waits again while it has more."""

    def __init__(self, rate: Rate, mails: list[bool], sent: Callable[[bool], None]) -> None:
        self.mails, self.rate, self.sent, self.woken = deque(mails), rate, sent, 0

    def go(self) -> None:
        self.woken += 1
        while self.mails and self.rate.take(urgent=self.mails[0]):
            self.sent(self.mails.popleft())
        if self.mails:
            self.rate.wait(self.go, urgent=self.mails[0])


def sent_by(most: int, waiters: list[list[bool]]) -> tuple[list[tuple[float, bool]], int]:
    """When each mail began and whether it was urgent, and how often anybody was told; it is used up at first."""
    clock, sent = Clock(), list[tuple[float, bool]]()

    async def run() -> int:
        rate = Rate(most, share=most, clock=clock)
        while rate.take(urgent=True):
            pass
        all_of = [Waiter(rate, mails, lambda urgent: sent.append((clock.now, urgent))) for mails in waiters]
        for waiter in all_of:
            waiter.go()
        while any(waiter.mails for waiter in all_of):
            await asyncio.sleep(0.1)
        return sum(waiter.woken - 1 for waiter in all_of)

    with asyncio.Runner(loop_factory=lambda: in_time_of(clock)) as runner:
        woken = runner.run(run())
    return sent, woken


def test_all_who_wait_are_told_at_once_when_there_is_room_for_all() -> None:
    sent, woken = sent_by(20, [[False]] * 8)

    assert [at for at, _ in sent] == pytest.approx([SECOND] * 8, abs=0.02)
    assert woken == 8


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 40), st.lists(st.lists(st.booleans(), min_size=1, max_size=6), min_size=1, max_size=30))
def test_who_waits_is_told_as_soon_as_there_is_room_and_seldom_otherwise(most: int, waiters: list[list[bool]]) -> None:
    """As quick as the part that bulk has lets all of it leave; nobody is told over and over while bulk has no room."""
    sent, woken = sent_by(most, waiters)

    mails = sum(len(each) for each in waiters)
    least = most if most < 2 else most - max(most // 10, 1)
    assert len(sent) == mails
    assert most_in_a_second([at for at, _ in sent]) <= most
    assert sent[-1][0] <= (math.ceil(mails / least) + 1) * (SECOND + 0.02)
    assert woken <= 2 * mails + 2 * len(waiters)


@dataclass
class Row:
    """What a process has written last."""

    instance_id: str
    places: int = 0
    rate: int = 0
    is_busy: bool = False
    expires_at: float = 0.0


STEPS = st.tuples(st.floats(0, 0.6), st.integers(0, 2), st.sampled_from(["send", "send", "renew", "idle", "silent"]))


@settings(max_examples=300)
@given(st.integers(1, 12), st.lists(STEPS, max_size=80))
def test_no_second_has_more_than_the_rate_by_several_processes(most: int, steps: list[tuple[float, int, str]]) -> None:
    """Each renews when it is told to; who was silent for four seconds sends no more, and at six the lease is over."""
    clock, begun = Clock(), []
    rates = [Rate(most, share=0, clock=clock) for _ in range(3)]
    rows = [Row(str(number)) for number in range(3)]
    renewed = [-100.0] * 3
    for passes, which, does in steps:
        clock.now += 7 * passes if does == "silent" else passes
        for number, rate in enumerate(rates):
            if clock.now - renewed[number] > LEASE_SECONDS - 2:
                rate._share = 0
        if does == "send":
            begun += [clock.now for _ in range(4) if rates[which].take(urgent=True)]
            continue
        report = Report("", "google", 1, 0, does == "renew", most, rates[which].held)
        others = [row for row in rows if row is not rows[which] and row.expires_at > clock.now]
        part = granted_of(report, str(which), others, int(clock.now // 10)).rate
        row = rows[which]
        row.rate, row.is_busy, row.expires_at = max(part, report.rate_held), report.is_busy, clock.now + LEASE_SECONDS
        rates[which]._share, renewed[which] = part, clock.now
    assert most_in_a_second(begun) <= most


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_every_provider_in_the_file_has_a_rate(shape) -> None:  # type: ignore[no-untyped-def]
    assert shape.rate > 0
