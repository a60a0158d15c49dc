"""Lane messages on their way to the broker: published from memory, forgotten in the outbox once confirmed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

from chassis.broker import Broker

AGAIN_SECONDS = 1.0


class LanePublisher:
    """Thread-safe. `on_confirmed(position)` may be called on the broker's thread."""

    def __init__(self, broker: Broker, on_confirmed: Callable[[int], None]) -> None:
        self._broker = broker
        self._on_confirmed = on_confirmed
        self._on_the_way: dict[int, tuple[str, bytes]] = {}

    def __len__(self) -> int:
        return len(self._on_the_way)

    def positions(self) -> list[int]:
        return list(self._on_the_way)

    def publish(self, position: int, lane: str, body: bytes) -> None:
        """Publish until it is confirmed."""
        self._on_the_way[position] = (lane, body)
        self._broker.publish(lane, body).add_done_callback(lambda future: self._confirmed(position, future))

    def _confirmed(self, position: int, future: Future[None]) -> None:
        if future.exception() is None:
            self._on_the_way.pop(position, None)
            self._on_confirmed(position)
            return
        waiting = self._on_the_way.get(position)
        if waiting is not None:
            timer = threading.Timer(AGAIN_SECONDS, self.publish, (position, *waiting))
            timer.daemon = True
            timer.start()
