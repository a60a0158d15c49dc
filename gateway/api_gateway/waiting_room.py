"""The connections that no thread has to do with: between requests, with half of one, with an answer that is not yet
read, or on their way out."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from api_gateway.intake import Arrival
from api_gateway.paced import Outgoing


@dataclass(eq=False, slots=True)
class Guest:
    """One connection that waits.

    :ivar subject: who holds it, as connections are counted; "" counts for nobody.
    :ivar arrival: the request that is coming.
    :ivar answer: what the other side has not yet read. Without either, the connection only waits for it to close.
    :ivar ends: until when, in seconds of the clock.
    :ivar thrown_away: bytes that came after the answer.
    """

    connection: Any
    subject: str
    arrival: Arrival | None
    ends: float
    answer: Outgoing | None = None
    has_begun: bool = False
    thrown_away: int = 0


class WaitingRoom:
    """Who waits, since when, and who has to go when there are too many: of one address, or of all.

    It is always the one that has waited longest that goes, so an address that holds many half-sent requests loses its
    own, and still gets in.

    :param per_address: of one address; 0: any number.
    """

    def __init__(self, per_address: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_address = per_address
        self.clock = clock
        self._guests: OrderedDict[Guest, None] = OrderedDict()
        self._by_subject: dict[str, OrderedDict[Guest, None]] = {}

    def __len__(self) -> int:
        return len(self._guests)

    def __contains__(self, guest: object) -> bool:
        return guest in self._guests

    def __iter__(self) -> Iterator[Guest]:
        return iter(list(self._guests))

    def enter(
        self,
        connection: Any,
        subject: str,
        seconds: float,
        *,
        arrival: Arrival | None = None,
        answer: Outgoing | None = None,
    ) -> Guest:
        guest = Guest(connection, subject, arrival, self.clock() + seconds, answer)
        self._guests[guest] = None
        if subject:
            self._by_subject.setdefault(subject, OrderedDict())[guest] = None
        return guest

    def leave(self, guest: Guest) -> bool:
        """:returns: whether it was still here."""
        if guest not in self._guests:
            return False
        del self._guests[guest]
        if guest.subject:
            others = self._by_subject[guest.subject]
            del others[guest]
            if not others:
                del self._by_subject[guest.subject]
        return True

    def one_too_many(self, subject: str) -> Guest | None:
        """The one that has to go because its address holds more than it may."""
        mine = self._by_subject.get(subject, OrderedDict())
        return next(iter(mine)) if self._per_address and len(mine) > self._per_address else None

    def longest_waiting(self) -> Guest | None:
        return next(iter(self._guests), None)

    def overdue(self) -> list[Guest]:
        now = self.clock()
        return [guest for guest in self._guests if guest.ends <= now]
