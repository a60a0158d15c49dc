"""Rate limits, exact across workers and replicas: requests are leased in blocks from the gateway's database.

A window is a minute, or an hour for what nobody does often. A worker that needs a request of a subject's window leases
a block of them with one statement and spends it without asking again; blocks shrink as the window empties. So the sum
over all workers never passes the limit, and the database sees a few dozen statements a minute for a busy subject
(docs/decisions).
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from chassis.logs import get_logger
from contracts.errors import TooManyRequests

MINUTE = 60
HOUR = 3600
BLOCKS = 20
MAX_SUBJECTS = 50_000
# After the database failed, every worker counts alone for this long before it asks again.
ALONE_SECONDS = 5.0

Lease = Callable[[str, int, int, int], tuple[int, int]]
"""(subject, window start, block, limit) → (granted, left for everyone)."""

log = get_logger()


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a subject may still do, for the `RateLimit-*` headers."""

    limit: int
    remaining: int
    reset: int  # seconds

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }


@dataclass(slots=True)
class _Window:
    start: int
    leased: int = 0  # of this worker, not yet spent
    left: int = 0  # for all workers together
    used_up: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class RateLimiter:
    """Spends requests of subjects (`address:…`, `account:…`, `key:…`), leasing them where it holds none.

    :param lease: None: each worker counts alone, and nobody is asked.
    """

    def __init__(self, lease: Lease | None, clock: Callable[[], float] = time.time) -> None:
        self._lease = lease
        self._clock = clock
        self._windows: OrderedDict[str, _Window] = OrderedDict()
        self._lock = threading.Lock()
        self._alone_until = 0.0

    def spend(self, subject: str, limit: int, window_seconds: int = MINUTE) -> Allowance:
        """Spend one request.

        :param limit: requests in a window; 0 or less: no limit.
        :param window_seconds: always the same for a subject.
        :raises TooManyRequests: the window is used up; `retry_after` says when the next begins.
        """
        now = self._clock()
        start = int(now) // window_seconds * window_seconds
        reset = max(1, round(start + window_seconds - now))
        if limit <= 0:
            return Allowance(0, 0, reset)
        window = self._window(subject, start)
        with window.lock:
            if window.leased <= 0 and not window.used_up:
                self._refill(window, subject, limit, now)
            if window.leased <= 0:
                raise _over(limit, reset, window_seconds)
            window.leased -= 1
            return Allowance(limit, window.leased + window.left, reset)

    def refuse_if_used_up(self, subject: str, limit: int, window_seconds: int = MINUTE) -> None:
        """Spend nothing. :raises TooManyRequests: as far as is known here, the window is used up."""
        now = self._clock()
        start = int(now) // window_seconds * window_seconds
        with self._lock:
            window = self._windows.get(subject)
        if limit > 0 and window is not None and window.start == start and window.used_up and window.leased <= 0:
            raise _over(limit, max(1, round(start + window_seconds - now)), window_seconds)

    def _window(self, subject: str, start: int) -> _Window:
        with self._lock:
            window = self._windows.get(subject)
            if window is None or window.start != start:
                window = self._windows[subject] = _Window(start)
                self._windows.move_to_end(subject)
                while len(self._windows) > MAX_SUBJECTS:
                    self._windows.popitem(last=False)
            return window

    def _refill(self, window: _Window, subject: str, limit: int, now: float) -> None:
        block = max(1, min(limit, limit // BLOCKS))
        if self._lease is not None and now >= self._alone_until:
            try:
                window.leased, window.left = self._lease(subject, window.start, block, limit)
                window.used_up = window.leased == 0
                return
            except Exception as error:
                # A limit protects; it must not be what stops the API. Each worker counts alone for a while.
                self._alone_until = now + ALONE_SECONDS
                log.warning("rate_limits_not_shared", error=error)
        window.leased, window.left, window.used_up = limit, 0, True


def _over(limit: int, reset: int, window_seconds: int) -> TooManyRequests:
    return TooManyRequests(
        "rate.limited",
        f"More than {limit} requests {'a minute' if window_seconds == MINUTE else 'an hour'}.",
        {"retry_after": reset, "limit": limit},
    )
