"""Log-ins that fail are answered later and later, by the address that they come from and the name that they try.

A right password is never slowed: who knows a name cannot lock its owner out.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

FIRST_SECONDS, MOST_SECONDS = 0.5, 15.0
FORGOTTEN_SECONDS = 900.0
MOST_KEPT = 20_000


class Slowing:
    """:param clock: seconds, never going back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def failed(self, *keys: str) -> float:
        """Count one more failure of each key; how long its answer has to wait, in seconds."""
        now, most = self._clock(), 0
        for key in keys:
            count, at = self._failures.pop(key, (0, now))
            count = 1 if now - at > FORGOTTEN_SECONDS else count + 1
            self._failures[key] = (count, now)
            most = max(most, count)
        while len(self._failures) > MOST_KEPT:
            self._failures.popitem(last=False)
        return float(min(MOST_SECONDS, FIRST_SECONDS * 2 ** min(most - 1, 10)))
