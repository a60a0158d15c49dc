"""A campaign is counted in its channel's ledger a slice at a time, so that no size is too large to be settled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from campaigns.usecases import dispatch
from campaigns.usecases.dispatch import Steps

from .test_in_hand import leased


class Ledger:
    """A channel's ledger: every third failed, every fifth was left out, every seventh waits. One that is old knows no
    slices."""

    def __init__(self, *, is_old: bool = False, most: int = 1_000) -> None:
        self.is_old, self.most = is_old, most
        self.asked: list[tuple[int, int]] = []

    def __call__(self, name: str, actor: Any, payload: dict[str, Any], *, deadline: float = 10.0) -> Any:
        after = 0 if self.is_old else payload.get("after", 0)
        numbers = range(after + 1, payload["recipients"] + 1)
        self.asked.append((after, payload["recipients"]))
        assert len(numbers) <= self.most, "it does not end in time"
        waiting = sum(number % 7 == 0 for number in range(1, 101))
        if payload["deferred"] == waiting:
            return {"submitted": None, "failed": None, "left_out": None, "units": None, "deferred": waiting}
        deferred = [number for number in numbers if number % 7 == 0]
        left = [number for number in numbers if number % 5 == 0 and number % 7]
        failed = [number for number in numbers if number % 3 == 0 and number % 5 and number % 7]
        submitted = len(numbers) - len(deferred) - len(left) - len(failed)
        counts = {"submitted": submitted, "failed": len(failed), "deferred": len(deferred), "units": 2 * submitted}
        return {**counts, "left_out": {"archived": len(left)}, **({} if self.is_old else {"after": after})}


def counted(ledger: Ledger, deferred: int | None = None) -> dict[str, Any]:
    steps = Steps(None, ledger, UUID(int=9), None)  # type: ignore[arg-type]  # nothing is written
    return steps._count(replace(leased(), recipients=100), 100, deferred)


@pytest.mark.parametrize("slice_size", [1, 7, 50, 100, 1_000])
def test_slices_are_added_up(monkeypatch: pytest.MonkeyPatch, slice_size: int) -> None:
    monkeypatch.setattr(dispatch, "COUNT_SLICE", slice_size)
    ledger = Ledger(most=slice_size)
    whole = Ledger()("", {}, {"recipients": 100, "deferred": None})
    assert counted(ledger) == {name: value for name, value in whole.items() if name != "after"}
    assert [number for after, up_to in ledger.asked for number in range(after + 1, up_to + 1)] == list(range(1, 101))


def test_what_still_waits_is_not_counted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "COUNT_SLICE", 10)
    ledger = Ledger()
    assert counted(ledger, deferred=14)["submitted"] is None and len(ledger.asked) == 1


def test_channel_of_before_is_asked_for_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "COUNT_SLICE", 10)
    assert counted(Ledger(is_old=True))["submitted"] == counted(Ledger())["submitted"]
