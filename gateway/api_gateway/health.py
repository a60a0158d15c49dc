"""Whether this worker can do its work, and what of it is away at the moment.

Redirects, opens and unsubscribes must survive everything else being down (product row H4), so a lost broker or database
makes the gateway *degraded*, not unready: pulling it out of service would take the links down too. Only at its start it
is given a moment to find them, so that who waits for readiness finds a whole system.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from chassis.health import Check, evaluate

START_SECONDS = 10.0
ESSENTIAL = frozenset({"spool"})


class Readiness:
    """Runs the checks; remembers whether all of them have passed once."""

    def __init__(self, checks: Mapping[str, Check], clock: Callable[[], float] = time.monotonic) -> None:
        self._checks = checks
        self._clock = clock
        self._started = clock()
        self._was_whole = False
        self._stopping = False

    def stop(self) -> None:
        self._stopping = True

    def state(self) -> tuple[str, dict[str, str]]:
        """:returns: `ready`, `degraded` (serves what it can), `starting` or `unready`; and a word on each part."""
        whole, answers = evaluate(self._checks)
        self._was_whole = self._was_whole or whole
        if self._stopping or any(answers.get(name, "ok") != "ok" for name in ESSENTIAL):
            return "unready", answers
        if whole:
            return "ready", answers
        if not self._was_whole and self._clock() - self._started < START_SECONDS:
            return "starting", answers
        return "degraded", answers
