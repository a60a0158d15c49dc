"""What `test_confined.py` runs in processes of their own: a module that loads nothing else."""

from __future__ import annotations

import os
import signal
import time

from chassis import confined


def perform(what: str, number: int = 0, at: str = "") -> object:
    """What the tests run in such a process."""
    confined.at(f"step {number}")
    if what == "add":
        return number + 1
    if what == "pid":
        return os.getpid()
    if what == "burn":
        return burnt_for(number)
    if what == "fill":
        return len(b"x" * (1 << 30))
    if what == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "be killed":
        return killed_but_once(at)
    if what == "sleep":
        time.sleep(number)
        return None
    raise ValueError(what)


def burnt_for(seconds: int) -> None:
    """And then it waits."""
    ends = time.process_time() + seconds
    while time.process_time() < ends:
        pass
    time.sleep(60)


def killed_but_once(mark: str) -> str:
    """Killed as by somebody else; with a mark, once."""
    confined.at("the end")
    if mark and os.path.exists(mark):
        return "done"
    if mark:
        open(mark, "w").close()
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError
