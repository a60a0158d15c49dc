"""The bench that kills channels outlives their absence: it asks again, as a program does."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[4] / "bench"))

import kill_channels
from api import Refused

STEPS = {"by_state": {"running": 1, "done": 0}, "steps": []}


def refused(status: int) -> Refused:
    return Refused("GET", "/v1/campaigns/c/steps", status, {})


class Answers:
    """An API that says these, one after another."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self.answers: Iterator[dict[str, Any] | Exception] = iter(answers)

    def get(self, _path: str) -> dict[str, Any]:
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> kill_channels.Fives:
    monkeypatch.setattr(kill_channels.time, "sleep", lambda _seconds: None)
    made = object.__new__(kill_channels.Fives)
    made.journey = SimpleNamespace()
    return made


def test_steps_are_asked_for_again_while_a_service_is_away(world: kill_channels.Fives) -> None:
    world.journey.api = Answers(STEPS, refused(503), ConnectionResetError(), STEPS)  # the second look is for the states

    assert not kill_channels.is_over(world, "c")


def test_what_is_refused_for_good_is_not_asked_again(world: kill_channels.Fives) -> None:
    world.journey.api = Answers(refused(404), STEPS)

    with pytest.raises(Refused):
        world.report("c")
