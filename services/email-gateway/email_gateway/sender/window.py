"""How many messages may be claimed and not settled at a time: what a crash leaves unknown, at most."""

from __future__ import annotations

import asyncio
from collections import deque


class Window:
    """A counting semaphore that takes several at once, in order of asking."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, count: int) -> None:
        """Wait until `count` are free (at most the window's size) and take them."""
        if not self._waiting and count <= self._free:
            self._free -= count
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((count, turn))
        await turn

    def give(self, count: int) -> None:
        """Give `count` back."""
        self._free += count
        while self._waiting and self._waiting[0][0] <= self._free:
            wanted, turn = self._waiting.popleft()
            if not turn.cancelled():
                self._free -= wanted
                turn.set_result(None)
