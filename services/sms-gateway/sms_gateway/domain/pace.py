"""How fast a carrier is sent to: within its contract, and within what it takes just now.

A token bucket whose limit falls when the carrier throttles and climbs while it does not (AIMD). All binds of a carrier
in one process share one; processes share the contract by leases (`store.carrier_instances`).
"""

from __future__ import annotations

from collections import deque

# A bucket that fills with 0.9 of the limit and holds 0.05 of it lets less than the limit pass in any second, also where
# the network brings what left over 1.05 s within one. It holds one at least: then floor(1 + 0.9 x limit) <= limit.
FILL, BURST = 0.9, 0.05
# Of what the bucket holds, this share is not for bulk: a code finds it at once.
PROMPT_SHARE = 0.2
LEAST = 2.0  # parts a second, however much the carrier throttles: something must find out whether it still does
CUT, CUT_EVERY = 0.8, 0.5
CLIMB, LEAST_CLIMB = 0.05, 5.0  # of the contract, or of the present limit, each second; parts a second
NO_LIMIT = 1e6


class Pace:
    """Times are seconds of one monotonic clock, limits parts a second.

    :param contract: what may be sent, None for as much as the carrier takes.
    """

    def __init__(self, contract: float | None) -> None:
        self._contract = NO_LIMIT if contract is None else contract
        self._until = float("inf")
        self._taken = NO_LIMIT  # what the carrier takes, as far as is known
        self._changed_at = self._cut_at = self._filled_at = 0.0
        self._tokens = 0.0
        self._accepted: deque[tuple[float, int]] = deque()
        self._sent: deque[tuple[float, int]] = deque()

    def allow(self, contract: float, until: float) -> None:
        """The share of the contract that this process may use from now on and `until` then; 0: nothing."""
        self._contract, self._until = contract, until
        self._tokens = min(self._tokens, self._size(self.limit))

    @property
    def limit(self) -> float:
        """Parts a second that may leave just now."""
        return min(self._contract, self._taken)

    @property
    def is_limited(self) -> bool:
        return self.limit < NO_LIMIT

    def sent_in_second(self, now: float) -> int:
        return _count(self._sent, now)

    def room(self, now: float, *, is_bulk: bool) -> int:
        """How many parts may leave now; call only where `is_limited`."""
        if now > self._until:
            return 0
        self._climb(now)
        size = self._size(self.limit)
        self._tokens = min(size, self._tokens + (now - self._filled_at) * self.limit * FILL)
        self._filled_at = now
        kept = size * PROMPT_SHARE if is_bulk and size >= 2 else 0.0
        return max(0, int(self._tokens - kept))

    def wait(self) -> float:
        """Seconds until there is room for one more; to be called after `room`."""
        if not self.limit:
            return 1.0
        return min(1.0, max(0.01, (1 - self._tokens % 1) / (self.limit * FILL)))

    def note_sent(self, now: float, parts: int) -> None:
        _forget(self._sent, now)
        self._sent.append((now, parts))
        if self.is_limited:
            self._tokens -= parts

    def note_answers(self, now: float, *, accepted: int, throttled: int) -> None:
        """What the carrier answered: one flight that it throttles is one reason to slow down."""
        _forget(self._accepted, now)
        if accepted:
            self._accepted.append((now, accepted))
        if not throttled or now - self._cut_at < CUT_EVERY:
            return
        self._climb(now)
        present = self.limit if self.is_limited else float(max(1, self.sent_in_second(now)))
        self._taken = max(LEAST, min(present * CUT, max(float(_count(self._accepted, now)), present * 0.3)))
        self._cut_at = self._changed_at = self._filled_at = now
        self._tokens = 0.0

    def _climb(self, now: float) -> None:
        if self._taken >= NO_LIMIT:
            return
        is_free = self._contract >= NO_LIMIT
        step = max(LEAST_CLIMB, CLIMB * self._taken) if is_free else max(1.0, CLIMB * self._contract)
        self._taken += step * (now - self._changed_at)
        self._changed_at = now
        if self._taken >= self._contract:
            self._taken = NO_LIMIT

    @staticmethod
    def _size(limit: float) -> float:
        return max(1.0, limit * BURST) if limit else 0.0


def _forget(log: deque[tuple[float, int]], now: float) -> None:
    while log and log[0][0] <= now - 1.0:
        log.popleft()


def _count(log: deque[tuple[float, int]], now: float) -> int:
    _forget(log, now)
    return sum(count for _, count in log)
