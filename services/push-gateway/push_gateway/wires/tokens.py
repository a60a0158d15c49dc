"""Tokens by which an application is known to its providers, signed rarely and remembered."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable

MOST = 10_000  # applications whose tokens are remembered


class Remembered:
    """Values by key, each for so many seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._values: dict[Hashable, tuple[float, str]] = {}

    def get(self, key: Hashable) -> str | None:
        made_at, value = self._values.get(key, (float("-inf"), ""))
        return value if self._clock() - made_at < self._seconds else None

    def put(self, key: Hashable, value: str) -> str:
        if len(self._values) >= MOST:
            self._values.clear()
        self._values[key] = self._clock(), value
        return value

    def forget(self, key: Hashable, value: str) -> None:
        """Only that one: another may have been put in its place meanwhile."""
        if self._values.get(key, (0.0, None))[1] == value:
            del self._values[key]
