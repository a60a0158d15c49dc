"""How many connections, and mails a second, a provider is given: what `shaping.toml` says, less after it has said that
it is too much.

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

from email_gateway.domain.mailbox_providers import PROVIDERS
from email_gateway.smtp.rates import Rate

OTHER = "other"  # the name of whoever is no provider that is known
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
    rate: int = 0  # mails a second; 0: the connections alone bound them
    mailboxes: tuple[str, ...] = ()  # as `domain.mailbox_providers` names them

    def has(self, host: str) -> bool:
        return f".{host.lower().rstrip('.')}".endswith(self.hosts)


def _shapes() -> tuple[Shape, ...]:
    written = tomllib.loads((resources.files("email_gateway.smtp") / "shaping.toml").read_text("utf-8"))
    return tuple(
        Shape(**{**each, "hosts": tuple(each["hosts"]), "mailboxes": tuple(each.get("mailboxes", ()))})
        for each in written["provider"]
    )


SHAPES = _shapes()


def shape_of(hosts: Sequence[str]) -> Shape | None:
    """The provider whose hosts these are, by the first of them."""
    return next((shape for shape in SHAPES if hosts and shape.has(hosts[0])), None)


def provider_of_mailboxes(domain: str) -> str:
    """The name of the provider with which everybody at the domain has a mailbox; `other` where nobody knows."""
    found = (shape.name for shape in SHAPES for each in shape.mailboxes if domain in PROVIDERS[each].split())
    return next(found, OTHER)


class Holder(Protocol):
    """A connection that holds a place."""

    @property
    def is_idle(self) -> bool: ...

    def quit(self) -> None: ...

    def finish(self) -> None: ...


@dataclass(slots=True, eq=False)
class Place:
    """One of an allowance; `is_bulk` where mail that is not urgent may go over its connection."""

    allowance: Allowance
    is_bulk: bool
    holder: Holder | None = None
    is_ending: bool = False  # its connection was asked to end after the mail that it has
    is_paced: bool = False  # mail waits at its destination, and its connection for the provider's rate

    @property
    def is_idle(self) -> bool:
        return self.holder is not None and self.holder.is_idle and not self.is_paced

    def may_begin(self, again: Callable[[], object], *, urgent: bool) -> bool:
        """Whether the provider's rate has room for a mail now, which is counted; if not, `again` is called later."""
        rate = self.allowance.rate
        self.is_paced = rate is not None and not rate.take(urgent=urgent)
        if rate is not None and self.is_paced:
            rate.wait(again, urgent=urgent)
        return not self.is_paced

    def may_take_bulk(self) -> bool:
        """Whether a mail that is not urgent may go over the connection now."""
        self.is_bulk = self.is_bulk or self.allowance.free_for_bulk > 0
        return self.is_bulk

    def make_way(self) -> None:
        """End the connection where it idles and another domain waits for its place."""
        if self.holder is not None and self.is_idle and self.allowance.is_waited_for(self):
            self.holder.quit()

    def leave(self) -> None:
        self.allowance.leave(self)


class Allowance:
    """Places for connections, on the loop's thread.

    One of them is kept for what is urgent: all the others may hang on a slow receiver of bulk. Half of them go when the
    destination says that it is too much, one comes back a minute.

    :param share: of `most`, what this process may hold at first; all of it where no other process sends. So it is with
        `rate`, mails a second; 0: none.
    """

    def __init__(
        self,
        most: int,
        name: str = OTHER,
        *,
        messages: int | None = None,
        share: int | None = None,
        rate: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rate = Rate(rate, share=rate if share is None else min(share, rate), clock=clock) if rate else None
        self.name, self.messages, self.most = name, messages, most
        self._clock = clock
        self._share = most if share is None else share
        self._limit, self._changed_at = most, 0.0
        self._places: set[Place] = set()
        self._urgent: dict[Callable[[], object], None] = {}
        self._bulk: dict[Callable[[], object], None] = {}

    @property
    def limit(self) -> int:
        """How many places there are now; at least one, or nobody would ever know that it is well again."""
        if self._limit < self.most:
            back = int((self._clock() - self._changed_at) / RECOVERS_SECONDS)
            if back:
                self._limit = min(self._limit + back, self.most)
                self._changed_at += back * RECOVERS_SECONDS
        return self._limit

    def free(self, *, urgent: bool = False) -> int:
        """How many places there are to take. What is urgent finds two where this process may hold two at all."""
        if urgent:
            return max(min(max(self.limit, 2), self._share) - self.taken, 0)
        return max(min(self.limit, self._share) - self.taken, 0) and max(self.free_for_bulk, 0)

    @property
    def free_for_bulk(self) -> int:
        """How many connections more may take what is not urgent."""
        together = min(self.limit, self._share)
        return min(max(together - 1, 1), together) - sum(place.is_bulk for place in self._places)

    @property
    def taken(self) -> int:
        return len(self._places)

    @property
    def share(self) -> int:
        """How many places this process may hold, as it was told last."""
        return self._share

    @property
    def is_busy(self) -> bool:
        """Whether there is anything to send."""
        return bool(self._urgent or self._bulk or any(not each.is_idle for each in self._places))

    def share_is(self, places: int) -> None:
        """This process may hold so many: what is over ends, after the mail that it has."""
        self._share = places
        by_idleness = sorted(self._places, key=lambda place: not place.is_idle)
        for place in by_idleness[: max(self.taken - places, 0)]:
            if place.holder is not None and not place.is_ending:
                place.is_ending = True
                place.holder.finish()
        self._offer()

    def enter(self, again: Callable[[], object] = lambda: None, *, urgent: bool = False) -> Place | None:
        """Take a place; where none is free, one that idles is asked to leave, and None.

        What is urgent also ends a connection that has bulk, after the mail that is under way on it.

        :param again: called on the loop once one is free, of those that wait the urgent ones first.
        """
        if self.free(urgent=urgent):
            place = Place(self, is_bulk=not urgent)
            self._places.add(place)
            return place
        if urgent:
            self._bulk.pop(again, None)
            self._urgent.setdefault(again)
        elif again not in self._urgent:
            self._bulk.setdefault(again)
        idle = next((place for place in self._places if place.is_idle), None)
        if idle is not None:
            idle.make_way()
        elif urgent:
            self._end_bulk()
        return None

    def is_waited_for(self, place: Place) -> bool:
        """Whether somebody waits who could have the place."""
        return bool(self._urgent or (self._bulk and (place.is_bulk or self.free_for_bulk > 0)))

    def leave(self, place: Place) -> None:
        self._places.discard(place)
        self._offer()

    def _end_bulk(self) -> None:
        """One connection for each that waits with something urgent."""
        if sum(place.is_ending for place in self._places) < len(self._urgent):
            for place in self._places:
                if place.holder is not None and place.is_bulk and not place.is_ending:
                    place.is_ending = True
                    place.holder.finish()
                    break

    def _offer(self) -> None:
        """Tell the first who waits, and the next where that one wants no place any more."""
        urgent = bool(self._urgent)
        line = self._urgent or self._bulk
        if line and self.free(urgent=urgent):
            again = next(iter(line))
            del line[again]
            loop = asyncio.get_running_loop()
            loop.call_soon(again)
            loop.call_soon(self._offer)

    def slow_down(self) -> None:
        """The destination said that it is too much. What several connections are told at once counts once."""
        if self.rate is not None:
            self.rate.slow_down()
        if self.limit < self.most and self._clock() - self._changed_at < RECOVERS_SECONDS / 10:
            return
        self._limit, self._changed_at = max(min(self._limit, len(self._places)) // 2, 1), self._clock()
        SLOWED.labels(self.name).inc()


class Allowances:
    """Those of all providers: each has one, however many domains it takes mail for.

    :param are_shared: with other processes, so that each begins with no place and is told how many there are.
    """

    def __init__(self, *, are_shared: bool = False) -> None:
        self.by_name: dict[str, Allowance] = {}
        self._share = 0 if are_shared else None

    def of(self, hosts: Sequence[str]) -> Allowance | None:
        """None: nobody knows the provider."""
        shape = shape_of(hosts)
        if shape is None:
            return None
        if shape.name not in self.by_name:
            self.by_name[shape.name] = Allowance(
                shape.connections, shape.name, messages=shape.messages, share=self._share, rate=shape.rate
            )
        return self.by_name[shape.name]
