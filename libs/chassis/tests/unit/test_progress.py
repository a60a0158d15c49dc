"""A loop that has work and commits none of it is not ready."""

from __future__ import annotations

import pytest

from chassis.health import Progress, WorkStalled


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
