"""Addresses of carriers' hosts. A look-up blocks its thread for as long as a name server likes: here one of its own.

The loop's own threads do the database's work; and a name that hangs must not take what others need.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

THREADS = 8
FAILED_SECONDS = 3.0  # for so long a name that was not found is not looked for again

_threads = ThreadPoolExecutor(THREADS, "carrier-names")


class LookUps:
    """Looks up one name at a time each, however many ask for it. Used on one loop's thread.

    :param resolve: addresses of a host and port; it blocks. :raises OSError: there are none.
    """

    def __init__(self, resolve: Callable[[str, int], list[str]] | None = None) -> None:
        self._resolve = resolve or _resolve
        self._under_way: dict[tuple[str, int], asyncio.Future[list[str]]] = {}
        self._failed: dict[tuple[str, int], float] = {}

    async def places(self, host: str, port: int) -> list[str]:
        """Who is cancelled meanwhile leaves the look-up to the others. :raises OSError: the name is not known."""
        key = host, port
        if time.monotonic() < self._failed.get(key, 0.0):
            raise OSError("the name was not found a moment ago")
        found = self._under_way.get(key)
        if found is None:
            found = asyncio.get_running_loop().run_in_executor(_threads, self._resolve, host, port)
            self._under_way[key] = found
            found.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(found)

    def _ended(self, key: tuple[str, int], done: asyncio.Future[list[str]]) -> None:
        del self._under_way[key]
        if not done.cancelled() and done.exception() is not None:
            self._failed = {key: time.monotonic() + FAILED_SECONDS}


def _resolve(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # no name at all
        raise OSError(str(error)) from None
    return list(dict.fromkeys(str(each[4][0]) for each in found))
