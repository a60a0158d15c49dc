"""Who opens and clicks without being a person: the rules of `machines.toml`.

One request is judged by what it says of itself. What looks like a browser's can be known by its company alone: many
links of one message in a moment. That judgement only ever turns a person's act into a machine's as further acts become
known, so that it is the same in whatever order they come.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from operator import itemgetter
from typing import Any, NamedTuple

BURST = "burst"


@dataclass(frozen=True)
class Rule:
    """Fits where everything that is given does; `example` is a User-Agent, and what its request says of itself."""

    name: str
    is_machine: bool
    source: str
    example: tuple[str, str]
    agents: re.Pattern[str] | None
    requests: re.Pattern[str] | None

    def fits(self, agent: str, request: str) -> bool:
        return (self.agents is None or self.agents.search(agent) is not None) and (
            self.requests is None or self.requests.search(request) is not None
        )


class Burst(NamedTuple):
    """So many different links within so many microseconds."""

    links: int
    micros: int


def _written() -> dict[str, Any]:
    return tomllib.loads((resources.files("reporting.domain") / "machines.toml").read_text("utf-8"))


def _pattern(words: Sequence[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(words), re.IGNORECASE) if words else None


def _rule(
    *, name: str, by: str, source: str, example: Sequence[str], agents: Sequence[str] = (), requests: Sequence[str] = ()
) -> Rule:
    is_machine = {"machine": True, "person": False}[by]
    return Rule(name, is_machine, source, (example[0], example[1]), _pattern(agents), _pattern(requests))


RULES: tuple[Rule, ...] = tuple(_rule(**each) for each in _written()["rule"])
BURSTS: tuple[Burst, ...] = tuple(
    Burst(each["links"], round(each["seconds"] * 1_000_000)) for each in _written()["burst"]
)

FEWEST = min(burst.links for burst in BURSTS)  # clicks that can be one


@lru_cache(maxsize=4096)
def rule_of(agent: str, request: str) -> Rule | None:
    """The rule that knows whose request this is; None: a person's, by its own device."""
    return next((rule for rule in RULES if rule.fits(agent, request)), None)


class Bursts:
    """Where the bursts of one message lie.

    :param clicks: when, in microseconds, and on which link.
    """

    def __init__(self, clicks: Iterable[tuple[int, str]]) -> None:
        in_order = sorted(clicks)
        spans = [(start, end, burst.micros) for burst in BURSTS for start, end in _spans(in_order, burst)]
        self._clicks = _merged((start, end) for start, end, _ in spans)
        self._openings = _merged((start - reach, end + reach) for start, end, reach in spans)

    def hold_click(self, at: int) -> bool:
        return _is_within(at, self._clicks)

    def hold_opening(self, at: int) -> bool:
        return _is_within(at, self._openings)


def _spans(in_order: Sequence[tuple[int, str]], burst: Burst) -> Iterator[tuple[int, int]]:
    """First and last moment of each longest run of clicks that is a burst."""
    first, seen = 0, Counter[str]()
    for at, link in in_order:
        seen[link] += 1
        while at - in_order[first][0] > burst.micros:
            seen[in_order[first][1]] -= 1
            first += 1
        if len(+seen) >= burst.links:
            yield in_order[first][0], at


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _is_within(at: int, merged: Sequence[tuple[int, int]]) -> bool:
    place = bisect_right(merged, at, key=itemgetter(0))
    return place > 0 and at <= merged[place - 1][1]
