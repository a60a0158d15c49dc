"""How many connections a provider is given: what `shaping.toml` says, less after it has said that it is too much.

A provider is known by its mail hosts' names. Domains whose mail it takes have connections of their own, and share its
allowance: who waits for one is given the place of a connection that idles for another domain.
"""

from __future__ import annotations

import asyncio
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Protocol

from prometheus_client import Counter

RECOVERS_SECONDS = 60.0  # until there is one connection more

SLOWED = Counter("wici_email_slowed_total", "Times that a destination said it is too much", ["provider"])


@dataclass(frozen=True)
class Shape:
    """One provider of `shaping.toml`."""

    name: str
    hosts: tuple[str, ...]
    connections: int
    messages: int
    source: str

    def has(self, host: str) -> bool:
        return f".{host.lower().rstrip('.')}".endswith(self.hosts)


def _shapes() -> tuple[Shape, ...]:
    written = tomllib.loads((resources.files("email_gateway.smtp") / "shaping.toml").read_text("utf-8"))
    return tuple(Shape(**{**each, "hosts": tuple(each["hosts"])}) for each in written["provider"])


SHAPES = _shapes()


def shape_of(hosts: Sequence[str]) -> Shape | None:
    """The provider whose hosts these are, by the first of them."""
    return next((shape for shape in SHAPES if hosts and shape.has(hosts[0])), None)


class Idle(Protocol):
    """A connection that holds a place."""

    @property
    def is_idle(self) -> bool: ...

    def quit(self) -> None: ...


class Allowance:
    """Places for connections, on the loop's thread.

    Half of them go when the destination says that it is too much, one comes back a minute.
    """

    def __init__(
        self,
        most: int,
        name: str = "other",
        *,
        messages: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.messages = messages
        self._most, self._name, self._clock = most, name, clock
        self._limit, self._changed_at = most, 0.0
        self._taken = 0
        self._holders: set[Idle] = set()
        self._urgent: dict[Callable[[], object], None] = {}
        self._bulk: dict[Callable[[], object], None] = {}

    @property
    def limit(self) -> int:
        """How many places there are now; at least one, or nobody would ever know that it is well again."""
        if self._limit < self._most:
            back = int((self._clock() - self._changed_at) / RECOVERS_SECONDS)
            if back:
                self._limit = min(self._limit + back, self._most)
                self._changed_at += back * RECOVERS_SECONDS
        return self._limit

    @property
    def free(self) -> int:
        return max(self.limit - self._taken, 0)

    def enter(self, again: Callable[[], object] = lambda: None, *, urgent: bool = False) -> bool:
        """Take a place; where none is free, one that idles is asked to leave, and False.

        :param again: called on the loop once one is free, of those that wait the urgent ones first.
        """
        if self.free:
            self._taken += 1
            return True
        if urgent:
            self._bulk.pop(again, None)
            self._urgent.setdefault(again)
        elif again not in self._urgent:
            self._bulk.setdefault(again)
        idle = next((holder for holder in self._holders if holder.is_idle), None)
        if idle is not None:
            idle.quit()
        return False

    def hold(self, holder: Idle) -> None:
        """The place that was taken is this connection's."""
        self._holders.add(holder)

    def leave(self, holder: Idle | None = None) -> None:
        self._taken -= 1
        if holder is not None:
            self._holders.discard(holder)
        self._offer()

    def _offer(self) -> None:
        """Tell the first who waits, and the next where that one wants no place any more."""
        line = self._urgent or self._bulk
        if line and self.free:
            again = next(iter(line))
            del line[again]
            loop = asyncio.get_running_loop()
            loop.call_soon(again)
            loop.call_soon(self._offer)

    def slow_down(self) -> None:
        """The destination said that it is too much. What several connections are told at once counts once."""
        if self.limit < self._most and self._clock() - self._changed_at < RECOVERS_SECONDS / 10:
            return
        self._limit, self._changed_at = max(min(self._limit, self._taken) // 2, 1), self._clock()
        SLOWED.labels(self._name).inc()


class Allowances:
    """Those of all providers: each has one, however many domains it takes mail for."""

    def __init__(self) -> None:
        self._by_name: dict[str, Allowance] = {}

    def of(self, hosts: Sequence[str]) -> Allowance | None:
        """None: nobody knows the provider."""
        shape = shape_of(hosts)
        if shape is None:
            return None
        if shape.name not in self._by_name:
            self._by_name[shape.name] = Allowance(shape.connections, shape.name, messages=shape.messages)
        return self._by_name[shape.name]
