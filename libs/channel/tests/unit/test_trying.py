"""A content is tried with some of its recipients: for whom it fails, and no longer than there is time."""

from __future__ import annotations

import time
from typing import Any

import pytest

from channel import trying
from channel.trying import Fault, try_with

EMPTY = Fault("text", "text.empty", "It is empty.")


def test_it_says_for_whom_it_fails_by_the_reason() -> None:
    found = try_with([{"n": n} for n in range(10)], lambda fields: EMPTY if fields["n"] % 3 == 0 else None)

    assert (found.tried, found.hits) == (10, {EMPTY: [0, 3, 6, 9]})


def test_it_ends_in_time_and_never_before_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def costly(_fields: Any) -> None:
        ends = time.process_time() + 0.01
        while time.process_time() < ends:
            pass

    monkeypatch.setattr(trying, "SECONDS", 0.0)
    assert try_with([{}] * 10, costly).tried == 1
    monkeypatch.setattr(trying, "SECONDS", 0.05)
    assert 1 < try_with([{}] * 100, costly).tried < 20
