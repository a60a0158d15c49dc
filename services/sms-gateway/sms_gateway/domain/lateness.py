"""When a carrier's receipts do not come in time, and how it gets its traffic back.

It answers well and says nothing of what became of the messages: they may be lost. So others take its traffic, but for
a trickle that finds out whether it is well again, which grows with each good look.
"""

from __future__ import annotations

SHARES = (0.02, 0.1, 0.5, 1.0)  # of the traffic that routes lead to it
AT_LEAST = 20  # messages of a look
WITHOUT = 0.5  # this share of them has no receipt: it is late


class Lateness:
    """Counts looks at messages whose receipt is due."""

    def __init__(self) -> None:
        self._step = len(SHARES) - 1
        self._looked_at = self._without = 0
        self._turn = 0.0

    @property
    def share(self) -> float:
        return SHARES[self._step]

    @property
    def is_late(self) -> bool:
        return self._step < len(SHARES) - 1

    def note(self, looked_at: int, without: int) -> bool:
        """Count messages, and those of them without a receipt; returns whether its share is another now."""
        self._looked_at += looked_at
        self._without += without
        if self._looked_at < AT_LEAST:
            return False
        before, is_bad = self._step, self._without >= WITHOUT * self._looked_at
        self._step = 0 if is_bad else min(self._step + 1, len(SHARES) - 1)
        self._looked_at = self._without = 0
        return self._step != before

    def is_its_turn(self) -> bool:
        """Asked for each message that routes lead to it: true as often as its share says."""
        self._turn += self.share
        if self._turn < 1.0:
            return False
        self._turn -= 1.0
        return True
