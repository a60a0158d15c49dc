"""pika's event loop on eventlet's hub, for the broker connection of a Nameko process.

pika's own loop under eventlet asks the patched `select` in every round, which tells the hub of each socket again and is
woken by a byte through a socket pair. Here the hub is told of a socket once, and who has something to send wakes the
loop's green thread by a switch.

All of it belongs to the one thread of the operating system that eventlet runs in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import greenlet
from eventlet import hubs


class HubLoop:
    """What `pika.SelectConnection` asks of its `custom_ioloop`: `AbstractSelectorIOLoop`."""

    READ, WRITE, ERROR = 1, 2, 4

    def __init__(self) -> None:
        self._hub = hubs.get_hub()
        self._callbacks: deque[Callable[[], None]] = deque()
        self._handlers: dict[int, Callable[[int, int], None]] = {}
        self._wanted: dict[int, int] = {}
        self._ready: dict[int, int] = {}
        self._listeners: dict[tuple[int, int], Any] = {}
        self._sleeper: Any = None
        self._is_stopping = False

    def start(self) -> None:
        """Run callbacks and handlers until `stop`; what they raise ends it, as with pika's own loop."""
        self._is_stopping = False
        while not self._is_stopping:
            if not self._callbacks and not self._ready:
                self._sleep()
            for _ in range(len(self._callbacks)):
                self._callbacks.popleft()()
            ready, self._ready = self._ready, {}
            for descriptor, events in ready.items():
                self._handle(descriptor, events)

    def _handle(self, descriptor: int, events: int) -> None:
        # What was handled before may have taken its interest away.
        if events := events & self._wanted.get(descriptor, 0):
            self._handlers[descriptor](descriptor, events)
        if self._wanted.get(descriptor, 0) & self.WRITE & ~self._ready.get(descriptor, 0):
            self._listen(descriptor, self.WRITE)  # it had no room for all

    def stop(self) -> None:
        self._is_stopping = True
        self._wake()

    def close(self) -> None:
        for descriptor in list(self._handlers):
            self.remove_handler(descriptor)
        self._callbacks.clear()

    def add_callback(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)
        self._wake()

    add_callback_threadsafe = add_callback

    def call_later(self, delay: float, callback: Callable[[], None]) -> Any:
        return self._hub.schedule_call_global(delay, self.add_callback, callback)

    def remove_timeout(self, timeout: Any) -> None:
        timeout.cancel()

    def add_handler(self, descriptor: int, handler: Callable[[int, int], None], events: int) -> None:
        self._handlers[descriptor] = handler
        self.update_handler(descriptor, events)

    def update_handler(self, descriptor: int, events: int) -> None:
        before, self._wanted[descriptor] = self._wanted.get(descriptor, 0), events
        for event in (self.READ, self.WRITE):
            if not events & event:
                self._ignore(descriptor, event)
        if events & self.READ:
            self._listen(descriptor, self.READ)
        if events & self.WRITE & ~before:
            if events & self.READ:
                # A connection with something to send: most often there is room, so it tries before anybody watches.
                self._note(descriptor, self.WRITE)
            else:
                self._listen(descriptor, self.WRITE)

    def remove_handler(self, descriptor: int) -> None:
        for event in (self.READ, self.WRITE):
            self._ignore(descriptor, event)
        for known in (self._handlers, self._wanted, self._ready):
            known.pop(descriptor, None)  # type: ignore[attr-defined]

    def _listen(self, descriptor: int, event: int) -> None:
        if (descriptor, event) in self._listeners:
            return
        kind = self._hub.READ if event == self.READ else self._hub.WRITE

        def on_ready(_descriptor: int) -> None:
            self._note(descriptor, event)

        def on_closed(*_: Any) -> None:
            self._listeners.pop((descriptor, event), None)

        self._listeners[descriptor, event] = self._hub.add(kind, descriptor, on_ready, on_closed, on_closed)

    def _ignore(self, descriptor: int, event: int) -> None:
        if (listener := self._listeners.pop((descriptor, event), None)) is not None:
            self._hub.remove(listener)

    def _note(self, descriptor: int, event: int) -> None:
        self._ready[descriptor] = self._ready.get(descriptor, 0) | event
        self._wake()

    def _sleep(self) -> None:
        self._sleeper = greenlet.getcurrent()
        self._hub.switch()

    def _wake(self) -> None:
        sleeper, self._sleeper = self._sleeper, None
        if sleeper is not None:
            self._hub.schedule_call_global(0, sleeper.switch)
