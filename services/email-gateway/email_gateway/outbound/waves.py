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
class _Answers:
    """Of one place since it was held last."""

    count: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    enough: int = WAVE


class Waves:
    """On the loop's thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answers: OrderedDict[Place, _Answers] = OrderedDict()  # the one that answered last is the last
        self._held: dict[Place, float] = {}  # until when, the earliest first

    def holds(self, campaign_id: str, domain: str) -> bool:
        """Whether nothing of the campaign may go there now."""
        self._release()
        return (campaign_id, domain) in self._held

    def note(self, campaign_id: str, domain: str, result: Result, code: str) -> Wave | None:
        """An answer; the wave that begins with it. Of what is still on its way when it begins nothing follows."""
        if result not in (Result.DELIVERED, Result.SPAM, Result.HARD, Result.SOFT) or self.holds(campaign_id, domain):
            return None
        place = (campaign_id, domain)
        answers = self._answers.pop(place, None) or _Answers()
        self._keep(place, answers)
        answers.count += 1
        if result is not Result.SPAM:
            return None
        answers.refused[code] += 1
        refusals = answers.refused[code]
        if refusals < answers.enough or refusals * 2 < answers.count:
            return None
        del self._answers[place]
        self._held[place] = self._clock() + HOLD_SECONDS
        return Wave(campaign_id, domain, code, refusals)

    def _release(self) -> None:
        now = self._clock()
        while self._held and next(iter(self._held.values())) <= now:
            place = next(iter(self._held))
            del self._held[place]
            self._keep(place, _Answers(enough=PROBES))

    def _keep(self, place: Place, answers: _Answers) -> None:
        """Of the many that do not answer any more the oldest is forgotten; none that is held is among them."""
        self._answers[place] = answers
        if len(self._answers) > MOST_PLACES:
            self._answers.popitem(last=False)
