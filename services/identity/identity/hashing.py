"""Password hashing: Argon2id (RFC 9106) with the parameters that OWASP names for 19 MiB.

Under eventlet the hash runs in a native thread: ten hashes inline held every other request up for 165 ms, in `tpool`
for 29 ms.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from identity.domain.passwords import normal_form
from identity.exceptions import busy

Run = Callable[..., Any]


class Lane(StrEnum):
    """Whose password it is: who floods one lane slows nobody in another."""

    STRANGERS = "strangers"
    KNOWN = "known"  # whoever shows a right code, or comes from where the login was used from before
    SESSIONS = "sessions"  # whoever is logged in


Turn = tuple[Lane, str]
"""A lane, and who asks there: an address, a login, an account."""


class Turns:
    """Of one lane: so many hash at once, so many wait behind them, and so many of both may be one caller's.

    The queue is short, for whoever waits in it holds a worker of the service; who finds no room is told to come again.
    """

    def __init__(self, *, places: int, waiting: int, of_one: int) -> None:
        self._places = threading.Semaphore(places)
        self._most, self._of_one = places + waiting, of_one
        self._lock = threading.Lock()
        self._here: Counter[str] = Counter()

    @contextmanager
    def turn(self, caller: str) -> Iterator[None]:
        """:raises TooManyRequests: `session.busy`."""
        with self._lock:
            if self._here.total() >= self._most or self._here[caller] >= self._of_one:
                raise busy()
            self._here[caller] += 1
        try:
            with self._places:
                yield
        finally:
            with self._lock:
                self._here[caller] -= 1
                self._here += Counter()  # forgets callers of whom nobody is here


class Passwords:
    """Hashes and verifies; a verification without a hash costs as much as one with.

    At most four at once in a process, each in its lane. Without a turn (commands) nothing is bounded.
    """

    def __init__(self, run: Run | None = None, *, memory_kib: int = 19_456, rounds: int = 2) -> None:
        self._run = run or (lambda function, *arguments: function(*arguments))
        self._hasher = PasswordHasher(time_cost=rounds, memory_cost=memory_kib, parallelism=1)
        self._lanes = {
            Lane.STRANGERS: Turns(places=1, waiting=6, of_one=3),
            # A rule of log-ins lets five attempts of one login be under way at once.
            Lane.KNOWN: Turns(places=2, waiting=10, of_one=6),
            Lane.SESSIONS: Turns(places=1, waiting=4, of_one=2),
        }
        # Verified against when there is no such login, so that the time taken does not tell.
        self._nobody = self._hasher.hash("nobody's password")

    def hash(self, password: str, turn: Turn | None = None) -> str:
        """:raises TooManyRequests: `session.busy`, the turn's lane is full."""
        return str(self._in_turn(turn, self._hasher.hash, normal_form(password)))

    def verify(self, stored: str | None, password: str, turn: Turn | None = None) -> bool:
        """Whether `password` is the one behind `stored`; with None, the same work and False.

        :raises TooManyRequests: `session.busy`, the turn's lane is full.
        """
        right = bool(self._in_turn(turn, self._matches, stored or self._nobody, normal_form(password)))
        return right and stored is not None

    def _in_turn(self, turn: Turn | None, function: Callable[..., Any], *arguments: str) -> Any:
        if turn is None:
            return self._run(function, *arguments)
        lane, caller = turn
        with self._lanes[lane].turn(caller):
            return self._run(function, *arguments)

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
