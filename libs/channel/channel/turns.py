"""What the loop does of campaigns, a piece at a turn."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class Turns:
    """Hundreds of recipients are milliseconds of work, and a commit brings dozens of such pieces: whatever came during
    one of them, a code or a carrier's answers, goes before the next.

    On the loop's thread. What a piece raises reaches the loop's handler, as from any callback.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._pieces: deque[Callable[[], None]] = deque()

    def add(self, piece: Callable[[], None]) -> None:
        """In the order in which they are added."""
        self._pieces.append(piece)
        if len(self._pieces) == 1:
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        try:
            self._pieces[0]()
        finally:
            self._pieces.popleft()
            if self._pieces:
                self._loop.call_soon(self._turn)
