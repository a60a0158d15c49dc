"""Waves: a destination refuses one campaign again and again, with one code, for its sender or its content.

Going on would spend the campaign's people one by one (each refusal is final) and the sender's name with them. What is
left of the campaign waits at that destination for an hour; then a few go to find out whether it is still so.

Each process sees what it has sent itself, and learns anew when it starts.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from email_gateway.domain.retrying import Result

WAVE = 20  # refusals with one code, and at least half of the final answers
PROBES = 3  # as many after a wait
HOLD_SECONDS = 3600.0
MOST_PLACES = 10_000

Place = tuple[str, str]
"""(campaign id, domain of the recipients)"""


@dataclass(frozen=True)
class Wave:
    """What is told of one that begins."""

    campaign_id: str
    domain: str
    code: str
    refusals: int


@dataclass(slots=True)
class _Place:
    answers: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    enough: int = WAVE
    held_until: float = 0.0


class Waves:
    """On the loop's thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._places: OrderedDict[Place, _Place] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._places)

    def holds(self, campaign_id: str, domain: str) -> bool:
        """Whether nothing of the campaign may go there now."""
        place = self._places.get((campaign_id, domain))
        return place is not None and self._clock() < place.held_until

    def note(self, campaign_id: str, domain: str, result: Result, code: str) -> Wave | None:
        """An answer; the wave that begins with it. Of what is still on its way when it begins nothing follows."""
        if result not in (Result.DELIVERED, Result.SPAM, Result.HARD, Result.SOFT):
            return None
        key = (campaign_id, domain)
        place = self._places.setdefault(key, _Place())
        self._places.move_to_end(key)
        if len(self._places) > MOST_PLACES:
            self._places.popitem(last=False)
        if self._clock() < place.held_until:
            return None
        place.answers += 1
        if result is not Result.SPAM:
            return None
        place.refused[code] += 1
        refusals = place.refused[code]
        if refusals < place.enough or refusals * 2 < place.answers:
            return None
        self._places[key] = _Place(enough=PROBES, held_until=self._clock() + HOLD_SECONDS)
        return Wave(campaign_id, domain, code, refusals)
