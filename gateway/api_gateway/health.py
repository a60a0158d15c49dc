"""Whether this worker can do its work, and what of it is away at the moment.

Redirects, opens and unsubscribes must survive everything else being down (product row H4), so a lost broker or database
makes the gateway *degraded*, not unready: pulling it out of service would take the links down too. Only at its start it
is given a moment to find them, so that who waits for readiness finds a whole system.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from chassis.health import Check, evaluate

START_SECONDS = 10.0
# Who asks is answered from the last look: with a database that hangs, askers may not take the threads of links.
REMEMBER_SECONDS = 0.5
ESSENTIAL = frozenset({"spool"})


class Readiness:
    """Runs the checks; remembers whether all of them have passed once."""

    def __init__(self, checks: Mapping[str, Check], clock: Callable[[], float] = time.monotonic) -> None:
        self._checks = checks
        self._clock = clock
        self._started = clock()
        self._was_whole = False
        self._stopping = False
        self._looking = threading.Lock()
        self._seen: tuple[bool, dict[str, str]] | None = None
        self._seen_at = 0.0

    def stop(self) -> None:
        self._stopping = True

    def state(self) -> tuple[str, dict[str, str]]:
        """:returns: `ready`, `degraded` (serves what it can), `starting` or `unready`; and a word on each part."""
        whole, answers = self._look()
        self._was_whole = self._was_whole or whole
        if self._stopping or any(answers.get(name, "ok") != "ok" for name in ESSENTIAL):
            return "unready", answers
        if whole:
            return "ready", answers
        if not self._was_whole and self._clock() - self._started < START_SECONDS:
            return "starting", answers
        return "degraded", answers

    def _look(self) -> tuple[bool, dict[str, str]]:
        """One at a time looks; the others take what was seen last."""
        if self._looking.acquire(blocking=False):
            try:
                if self._seen is None or self._clock() - self._seen_at > REMEMBER_SECONDS:
                    self._seen, self._seen_at = evaluate(self._checks), self._clock()
            finally:
                self._looking.release()
        return self._seen or (False, {})
