"""What `test_confined.py` runs in processes of their own: a module that loads nothing else."""

from __future__ import annotations

import os
import signal
import time

from chassis import confined


def perform(what: str, number: int = 0) -> object:
    """What the tests run in such a process."""
    confined.at(f"step {number}")
    if what == "add":
        return number + 1
    if what == "pid":
        return os.getpid()
    if what == "burn":
        while True:
            pass
    if what == "fill":
        return len(b"x" * (1 << 30))
    if what == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "sleep":
        time.sleep(number)
        return None
    raise ValueError(what)
