"""What the sending has read of an account a moment ago, so that not every group of messages reads it again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

KNOWN_SECONDS = 2.0  # after that a change of credentials holds
MOST_KNOWN = 1_000

Value = TypeVar("Value")


class Known(Generic[Value]):
    """By account and name. Called on threads: what it remembers is replaced whole."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[float, Value | None]] = {}

    def get(self, account_id: str, name: str, read: Callable[[], Value | None]) -> Value | None:
        """As it was read lately; what was not there then is looked for again."""
        known_at, known = self._known.get((account_id, name), (0.0, None))
        if known is not None and time.monotonic() - known_at < KNOWN_SECONDS:
            return known
        found = read()
        kept = self._known if len(self._known) < MOST_KNOWN else {}
        self._known = {**kept, (account_id, name): (time.monotonic(), found)}
        return found
