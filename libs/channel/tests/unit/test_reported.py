"""When a report came: whatever the gateway's lane says, a moment that can be written down."""

from __future__ import annotations

import time

import pytest

from channel.providers.reported import came_at


def test_a_moment_that_is_none_becomes_one() -> None:
    now = time.time()

    assert (came_at(now - 60), came_at(-1e300), came_at(0)) == (now - 60, 0.0, 0.0)
    assert now <= came_at(1e300) <= time.time()


@pytest.mark.parametrize("written", [None, {}, "soon"])
def test_what_is_no_number_is_no_report(written: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        came_at(written)  # type: ignore[arg-type]
