"""A loop that has work and commits none of it is not ready."""

from __future__ import annotations

import asyncio
import threading

import pytest

from chassis.health import Progress, Pulse, WorkStalled


def test_work_that_waits_too_long_is_told_until_some_of_it_moves() -> None:
    now = 0.0
    progress = Progress(30.0, lambda: now)

    progress.check()
    progress.waits()
    now = 20.0
    progress.waits()  # the same work: it waits since 0
    progress.check()
    now = 31.0
    with pytest.raises(WorkStalled):
        progress.check()
    progress.moved()
    progress.check()
    progress.waits()
    progress.check()


def test_a_loop_that_hangs_is_told_and_one_that_turns_is_not() -> None:
    now, loop, is_held = 0.0, asyncio.new_event_loop(), threading.Event()
    pulse = Pulse(loop, 30.0, lambda: now)
    turning = threading.Thread(target=loop.run_forever)
    turning.start()

    def looked_at(moment: float) -> None:
        nonlocal now
        now = moment
        pulse.check()
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(10)  # it has turned since

    for moment in (0.0, 100.0, 200.0):
        looked_at(moment)
    loop.call_soon_threadsafe(is_held.wait)
    now = 210.0
    pulse.check()
    now = 250.0
    with pytest.raises(WorkStalled):
        pulse.check()
    is_held.set()
    asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(10)
    looked_at(260.0)
    loop.call_soon_threadsafe(loop.stop)
    turning.join(10)
    loop.close()
    with pytest.raises(WorkStalled):
        pulse.check()
