"""What runs in a process of its own cannot take the caller's time, memory or life."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chassis import confined
from chassis.confined import Confined, Exceeded
from chassis.testing import wait_until
from contracts.errors import TooManyRequests, Unavailable


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Confined]:
    folder = os.path.dirname(__file__)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")]))
    made = Confined("confined_work:perform", processes=2, megabytes=300)
    yield made
    made.close()


def test_an_answer_comes_back_from_another_process_which_is_kept(processes: Confined) -> None:
    assert processes.call("add", 41, seconds=1.0) == 42
    first = processes.call("pid", seconds=1.0)
    assert first != os.getpid()
    assert processes.call("pid", seconds=1.0) == first


def test_what_the_function_raises_is_raised_here(processes: Confined) -> None:
    with pytest.raises(ValueError, match="nothing of the kind"):
        processes.call("nothing of the kind", seconds=1.0)


@pytest.mark.parametrize(("what", "reason"), [("burn", "time"), ("fill", "memory"), ("die", "crash")])
def test_whoever_takes_too_much_is_told_where_and_costs_nobody_else(
    processes: Confined, what: str, reason: str
) -> None:
    with pytest.raises(Exceeded) as exceeded:
        processes.call(what, 7, seconds=0.3)
    assert (exceeded.value.reason, exceeded.value.place) == (reason, "step 7")
    assert processes.call("add", 1, seconds=1.0) == 2


def test_a_call_whose_process_somebody_kills_is_made_again(processes: Confined, tmp_path: Path) -> None:
    """Once, at its work or before it: short of memory the kernel ends the largest, which may have done nothing."""
    assert processes.call("be killed", 1, str(tmp_path / "once"), seconds=1.0) == "done"
    os.kill(processes.call("pid", seconds=1.0), signal.SIGKILL)
    assert processes.call("add", 1, seconds=1.0) == 2


def test_a_call_whose_processes_are_killed_one_after_the_other_needs_too_much(processes: Confined) -> None:
    with pytest.raises(Exceeded) as exceeded:
        processes.call("be killed", 1, seconds=1.0)
    assert (exceeded.value.reason, exceeded.value.place) == ("memory", "the end")
    assert processes.call("add", 1, seconds=1.0) == 2


def test_a_call_has_its_time_for_itself(processes: Confined) -> None:
    for _ in range(3):
        assert processes.call("sleep", 0, seconds=0.2) is None
    with pytest.raises(Unavailable):
        processes.call("sleep", 60, seconds=0.2, patience=0.2)
    assert processes.call("add", 1, seconds=1.0, patience=30.0) == 2


def test_an_owner_has_one_call_at_a_time_and_leaves_a_process_to_others(processes: Confined) -> None:
    long = threading.Thread(target=processes.call, args=("sleep", 3), kwargs={"seconds": 1.0, "owner": "greedy"})
    long.start()
    wait_until(lambda: processes._running == 1, what="the long call")

    with pytest.raises(Unavailable):
        processes.call("add", 1, seconds=1.0, patience=0.2, owner="greedy")
    assert processes.call("add", 1, seconds=1.0, owner="somebody else") == 2
    long.join()
    assert processes.call("add", 1, seconds=1.0, owner="greedy") == 2


def test_few_calls_of_an_owner_wait_and_the_next_one_holds_nobodys_thread(processes: Confined) -> None:
    with ThreadPoolExecutor(8) as threads:
        long = threads.submit(processes.call, "sleep", 3, seconds=1.0, owner="greedy")
        wait_until(lambda: processes._running == 1, what="the long call")
        waiting = [
            threads.submit(processes.call, "add", 1, seconds=1.0, patience=30.0, owner="greedy")
            for _ in range(confined.MOST_WAITING)
        ]
        wait_until(lambda: processes._waiting["greedy"] == confined.MOST_WAITING, what="those that wait")

        with pytest.raises(Unavailable):  # at once, whatever its patience
            processes.call("add", 1, seconds=1.0, patience=30.0, owner="greedy")
        assert not long.done()
        assert processes.call("add", 1, seconds=1.0, owner="somebody else") == 2
        assert [each.result(30) for each in waiting] == [2] * confined.MOST_WAITING
    assert not processes._waiting


def test_an_owner_whose_call_took_its_process_rests_and_others_do_not(processes: Confined) -> None:
    processes._rest = 30.0
    with pytest.raises(Exceeded):
        processes.call("die", seconds=1.0, owner="greedy")

    with pytest.raises(TooManyRequests) as refused:
        processes.call("add", 1, seconds=1.0, owner="greedy")
    assert refused.value.extra["retry_after"] == 30
    assert processes.call("add", 1, seconds=1.0, owner="somebody else") == 2


def test_who_was_kept_from_it_by_others_does_not_rest(processes: Confined) -> None:
    """On a busy machine whatever is asked for takes all the time that there is."""
    processes._rest = 30.0
    with pytest.raises(Unavailable):
        processes.call("sleep", 60, seconds=1.0, patience=1.0, owner="innocent")
    assert processes.call("add", 1, seconds=1.0, owner="innocent") == 2

    with pytest.raises(Unavailable):
        processes.call("burn", 1, seconds=1.5, patience=8.0, owner="greedy")
    with pytest.raises(TooManyRequests):
        processes.call("add", 1, seconds=1.0, owner="greedy")


def test_what_took_its_process_finds_another_one_that_has_been_started(processes: Confined) -> None:
    with pytest.raises(Exceeded):
        processes.call("die", seconds=1.0)
    (spare,) = processes._idle
    assert processes.call("pid", seconds=1.0) == spare._process.pid


def test_it_is_green_under_eventlet(processes: Confined) -> None:
    program = """
import eventlet; eventlet.monkey_patch()
from chassis.confined import Confined
made, ticks = Confined("confined_work:perform", processes=1), []
assert made.call("add", 41, seconds=1.0) == 42
waiting = eventlet.spawn(made.call, "sleep", 1, seconds=1.0)
while not waiting.dead:
    ticks.append(1); eventlet.sleep(0.05)
assert waiting.wait() is None and len(ticks) > 10, len(ticks)
made.close()
"""
    subprocess.run([sys.executable, "-c", program], check=True)
