"""Octets of large mails on their way out: read when their message may leave, and never more at once than there is room.

An account has a share of the room, so that one whose recipients' servers are slow fills its own alone. What finds no
room within `PATIENCE_SECONDS` goes to the retry schedule, as what waits for a connection does.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping

from chassis.database import Database, cursor_of
from email_gateway.store import blobs
from email_gateway.store.blobs import Key

ROOM, SHARE = 256 * 1024 * 1024, 64 * 1024 * 1024
PATIENCE_SECONDS = 10.0

ReadBlobs = Callable[[Collection[Key]], Mapping[Key, bytes]]


def reader(database: Database) -> ReadBlobs:
    """Reads blobs; blocks, so it is called on threads."""

    def read(keys: Collection[Key]) -> Mapping[Key, bytes]:
        with database.transaction() as session:
            return blobs.read(cursor_of(session), keys)

    return read


class Room:
    """So many octets at once, and so many of one account; on one asyncio loop."""

    def __init__(self, room: int = ROOM, share: int = SHARE) -> None:
        self._room, self._share = room, share
        self._taken: Counter[str] = Counter()
        self._freed = asyncio.Event()

    async def take(self, account_id: str, size: int) -> bool:
        """False where there was none in time. What is larger than a share is let in where the account has nothing."""
        ends = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while not self._fits(account_id, size):
            self._freed.clear()
            try:
                async with asyncio.timeout_at(ends):
                    await self._freed.wait()
            except TimeoutError:
                return False
        self._taken[account_id] += size
        return True

    def give_back(self, account_id: str, size: int) -> None:
        self._taken[account_id] -= size
        if not self._taken[account_id]:
            del self._taken[account_id]
        self._freed.set()

    def _fits(self, account_id: str, size: int) -> bool:
        theirs = self._taken[account_id]
        return not theirs or (theirs + size <= self._share and self._taken.total() + size <= self._room)
