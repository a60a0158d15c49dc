"""Who may bind: the password, known as cheaply as may be, and failures that slow down whoever makes them.

What a stranger learns is that a bind failed, after as long a time whatever was wrong with it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable

from sms_gateway.domain import smpp_passwords

MOST_REMEMBERED = 10_000
FREE_FAILURES = 3
FIRST_WAIT, LAST_WAIT = 0.5, 8.0  # seconds
HASHING_AT_ONCE = 2
SLOW = 100  # binds that wait or are compared at once; more are refused
SLOW_OF_NETWORK = 5


def wait_after(failures: int) -> float:
    """Seconds until the next try is looked at."""
    extra = failures - FREE_FAILURES
    return 0.0 if extra < 0 else float(min(FIRST_WAIT * 2 ** min(extra, 10), LAST_WAIT))


class Passwords:
    """Compares passwords with their hashes; one that fitted is known again without the dear part.

    What is kept of it is a MAC under a key that no other process has, and goes with the hash that it fitted.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._fitted: OrderedDict[bytes, None] = OrderedDict()

    def is_known(self, password: str, kept: bytes) -> bool:
        return self._mark(password, kept) in self._fitted

    def fits(self, password: str, kept: bytes) -> bool:
        """Takes some 50 ms, so it is asked on a thread."""
        if not smpp_passwords.fits(password, kept):
            return False
        self._fitted[self._mark(password, kept)] = None
        if len(self._fitted) > MOST_REMEMBERED:
            self._fitted.popitem(last=False)
        return True

    def _mark(self, password: str, kept: bytes) -> bytes:
        return hmac.digest(self._key, kept + password.encode("utf-8", "replace"), hashlib.sha256)


class NoRoom(Exception):
    """As many binds as may be wait already, of all or of the network."""


class Comparisons:
    """Binds that wait and are compared the dear way: so many at once, of which one network has a few."""

    def __init__(self) -> None:
        self._hashing = asyncio.Semaphore(HASHING_AT_ONCE)
        self._slow = 0
        self._of_network: Counter[str] = Counter()

    async def fits(self, network: str, seconds: float, gone: asyncio.Future[None], compare: Callable[[], bool]) -> bool:
        """Whether it fits, after a wait; False at once when the peer is gone, which has no more room then.

        :param compare: called on a thread. :raises NoRoom: it was not looked at.
        """
        if self._slow >= SLOW or self._of_network[network] >= SLOW_OF_NETWORK:
            raise NoRoom
        self._slow += 1
        self._of_network[network] += 1
        try:
            await asyncio.wait([gone], timeout=seconds)
            async with self._hashing:
                return not gone.done() and await asyncio.to_thread(compare)
        finally:
            self._slow -= 1
            self._of_network[network] -= 1
            if not self._of_network[network]:
                del self._of_network[network]
