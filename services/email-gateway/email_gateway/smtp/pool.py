"""Connections by destination; a slow one never holds the others. All of this runs on the sender's asyncio loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

from email_gateway.smtp.destinations import Destination, Parcel
from email_gateway.smtp.sources import Source

WATCH_SECONDS = 1.0


class Pool:
    """All destinations.

    :param route: the key of the destination of a domain's mail from an address of ours (None: whichever the machine
        takes), and how to make it.
    """

    def __init__(self, route: Callable[[str, Source | None], tuple[str, Callable[[], Destination]]]) -> None:
        self._route = route
        self._destinations: dict[str, Destination] = {}
        self._watcher: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._watch())

    def submit(self, parcels: list[Parcel]) -> None:
        touched = set()
        for parcel in parcels:
            key, make = self._route(parcel.address.rpartition("@")[2].lower(), parcel.source)
            destination = self._destinations.get(key)
            if destination is None:
                destination = self._destinations[key] = make()
            destination.submit(parcel)
            touched.add(destination)
        for destination in touched:
            destination.pump()

    def withdraw(self, is_wanted: Callable[[Parcel], bool]) -> list[Parcel]:
        """Take out what waits for a connection and is wanted; `on_done` is not called for it."""
        return [parcel for destination in self._all() for parcel in destination.withdraw(is_wanted)]

    async def close(self, seconds: float) -> None:
        """Finish what is on a connection, give back what waits."""
        for destination in self._all():
            destination.give_back()
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and any(destination._in_flight for destination in self._all()):
            await asyncio.sleep(0.05)
        if self._watcher is not None:
            self._watcher.cancel()
        for destination in self._all():
            destination.close()
        await asyncio.sleep(0)

    def _all(self) -> Iterator[Destination]:
        yield from list(self._destinations.values())

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now = time.monotonic()
            for key, destination in list(self._destinations.items()):
                destination.watch(now)
                if destination.is_empty and now - destination.used_at > 60:
                    del self._destinations[key]
