"""A sample of the messages that a carrier took, looked at when their receipts are due."""

from __future__ import annotations

from collections import deque

from sms_gateway.domain.lateness import Lateness

EVERY = 0.5  # seconds between two of the sample
MOST = 200  # looked at in one go


class ReceiptWatch:
    """`note_taken` is called on the loop, `due` on the upkeep's thread.

    :param within: seconds in which a receipt comes of a carrier that is well.
    """

    def __init__(self, within: float) -> None:
        self.lateness = Lateness()
        self._within = within
        self._next = 0.0
        self._sample: deque[tuple[float, str]] = deque()

    def note_taken(self, now: float, message_id: str) -> None:
        if now >= self._next:
            self._next = now + EVERY
            self._sample.append((now + self._within, message_id))

    def due(self, now: float) -> list[str]:
        """Messages whose receipt should be here; they are not told again."""
        found: list[str] = []
        while self._sample and self._sample[0][0] <= now and len(found) < MOST:
            found.append(self._sample.popleft()[1])
        return found
