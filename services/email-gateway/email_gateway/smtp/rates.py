"""How many mails a second a provider is given by this process, exact in every second that one may look at.

What all processes may send together is shared by lease (`store/provider_places.py`); this counts what one has begun.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

# What a second is here: the peer's clock and the way there may bring two mails a little closer together.
SECOND = 1.05
RECOVERS_SECONDS = 60.0  # until a tenth of the rate has come back


class Rate:
    """Mails that may begin within any second, on the loop's thread.

    A tenth, and at least one where there are two, is kept for what is urgent. When the destination says that it is too
    much, the limit falls to half of what it was given in the last second; a tenth of the rate comes back a minute.

    :param most: of all processes together. :param share: what this process may send at first.
    """

    def __init__(self, most: int, *, share: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self._clock = clock
        self._share = share
        self._limit, self._changed_at = most, 0.0
        self._begun: deque[float] = deque()
        self._urgent: dict[Callable[[], object], None] = {}
        self._bulk: dict[Callable[[], object], None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0  # when the timer rings

    @property
    def share(self) -> int:
        return self._share

    @property
    def limit(self) -> int:
        """What the destination takes, as far as it has said; at least one."""
        if self._limit < self.most:
            step = max(self.most // 10, 1)
            back = int((self._clock() - self._changed_at) / RECOVERS_SECONDS)
            if back:
                self._limit = min(self._limit + back * step, self.most)
                self._changed_at += back * RECOVERS_SECONDS
        return self._limit

    @property
    def begun(self) -> int:
        """Within the last second."""
        since = self._clock() - SECOND
        while self._begun and self._begun[0] <= since:
            self._begun.popleft()
        return len(self._begun)

    @property
    def held(self) -> int:
        """What nobody else may send yet: the share, or what was begun under a greater one within the last second."""
        return max(self._share, self.begun)

    def take(self, *, urgent: bool) -> bool:
        """Whether a mail may begin now; it is counted."""
        if self.is_used_up(urgent=urgent):
            return False
        self._begun.append(self._clock())
        return True

    def is_used_up(self, *, urgent: bool) -> bool:
        """Whether no mail may begin at this moment."""
        return self.begun >= self._room(urgent=urgent)

    def _room(self, *, urgent: bool) -> int:
        together = min(self._share, self.limit)
        return together if urgent or together < 2 else together - max(together // 10, 1)

    def share_is(self, mails: int) -> None:
        self._share = mails
        self._offer()

    def wait(self, again: Callable[[], object], *, urgent: bool) -> None:
        """Have `again` called once a mail may begin: of those that wait one at a time, the urgent ones first."""
        if urgent:
            self._bulk.pop(again, None)
            self._urgent.setdefault(again)
        elif again not in self._urgent:
            self._bulk.setdefault(again)
        self._set_timer()

    def _offer(self) -> None:
        """Tell the first who waits, and the next at once where that one left room: it may have had few mails."""
        urgent = bool(self._urgent)
        line = self._urgent or self._bulk
        if line and not self.is_used_up(urgent=urgent):
            again = next(iter(line))
            del line[again]
            loop = asyncio.get_running_loop()
            loop.call_soon(again)
            loop.call_soon(self._offer)
        else:
            self._set_timer()

    def _set_timer(self) -> None:
        """For the moment at which the first who waits has room, which is not when bulk alone would have it."""
        if not (self._urgent or self._bulk) or not self._share:
            return
        over = self.begun - self._room(urgent=bool(self._urgent))
        due = self._begun[over] + SECOND if over >= 0 else self._clock()
        if self._timer is not None:
            if self._due <= due:
                return
            self._timer.cancel()
        self._due = due
        self._timer = asyncio.get_running_loop().call_later(max(due - self._clock(), 0.005), self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        self._offer()

    def slow_down(self) -> None:
        """The destination said that it is too much. What several connections are told at once counts once."""
        if self.limit < self.most and self._clock() - self._changed_at < RECOVERS_SECONDS / 10:
            return
        self._limit, self._changed_at = max(min(self._limit, self.begun) // 2, 1), self._clock()
