"""Tokens by which an application is known to its providers, signed rarely and remembered."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

MOST = 10_000  # applications whose tokens are remembered

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """Values by key, each for so many seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._values: dict[Hashable, tuple[float, Value]] = {}

    def get(self, key: Hashable) -> Value | None:
        made_at, value = self._values.get(key, (float("-inf"), None))
        return value if self._clock() - made_at < self._seconds else None

    def put(self, key: Hashable, value: Value) -> Value:
        if len(self._values) >= MOST:
            self._values.clear()
        self._values[key] = self._clock(), value
        return value

    def forget(self, key: Hashable, value: Value) -> None:
        """Only that one: another may have been put in its place meanwhile."""
        if self._values.get(key, (0.0, None))[1] == value:
            del self._values[key]
