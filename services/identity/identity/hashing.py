"""Password hashing: Argon2id (RFC 9106) with the parameters that OWASP names for 19 MiB.

Under eventlet the hash runs in a native thread: ten hashes inline held every other request up for 165 ms, in `tpool`
for 29 ms.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from identity.domain.passwords import normal_form
from identity.exceptions import busy

Run = Callable[..., Any]
PATIENCE_SECONDS = 4.0


class Lane(StrEnum):
    """Whose password it is: who floods one lane slows nobody in another."""

    STRANGERS = "strangers"
    NEWCOMERS = "newcomers"  # whoever registers, which the gateway lets an address do a few times an hour
    KNOWN = "known"  # whoever shows a right code, or comes from where the login was used from before
    SESSIONS = "sessions"  # whoever is logged in


Turn = tuple[Lane, str]
"""A lane, and who asks there: an address, a login, an account."""


class Turns:
    """Of one lane: so many hash at once, so many wait behind them, and so many of both may be one caller's.

    The queue is short, for whoever waits in it holds a worker of the service; who finds no room is told to come again,
    and so is, on a machine that has too much to do, who waited for a place as long as `patience` seconds: soon nobody
    would wait for the answer any more (a call's deadline is 10 s), and the hash would be for nobody.
    """

    def __init__(self, *, places: int, waiting: int, of_one: int, patience: float = PATIENCE_SECONDS) -> None:
        self._places = threading.Semaphore(places)
        self._most, self._of_one, self._patience = places + waiting, of_one, patience
        self._lock = threading.Lock()
        self._here: Counter[str] = Counter()

    @contextmanager
    def queue(self, caller: str) -> Iterator[None]:
        """Be among those who hash or wait. :raises TooManyRequests: `session.busy`."""
        with self._lock:
            if self._here.total() >= self._most or self._here[caller] >= self._of_one:
                raise busy()
            self._here[caller] += 1
        try:
            yield
        finally:
            with self._lock:
                self._here[caller] -= 1
                self._here += Counter()  # forgets callers of whom nobody is here

    @contextmanager
    def place(self) -> Iterator[None]:
        """`with turns.place():` around a hash, within the queue.

        :raises TooManyRequests: `session.busy`, it took too long.
        """
        if not self._places.acquire(timeout=self._patience):
            raise busy()
        try:
            yield
        finally:
            self._places.release()


class Passwords:
    """Hashes and verifies; a verification without a hash costs as much as one with.

    At most five at once in a process, each in its lane. Without a turn (commands) nothing is bounded.
    """

    def __init__(
        self, run: Run | None = None, *, memory_kib: int = 19_456, rounds: int = 2, patience: float = PATIENCE_SECONDS
    ) -> None:
        self._run = run or (lambda function, *arguments: function(*arguments))
        self._hasher = PasswordHasher(time_cost=rounds, memory_cost=memory_kib, parallelism=1)
        self._lanes = {
            Lane.STRANGERS: Turns(places=1, waiting=15, of_one=8, patience=patience),
            Lane.NEWCOMERS: Turns(places=1, waiting=5, of_one=4, patience=patience),
            Lane.KNOWN: Turns(places=2, waiting=14, of_one=8, patience=patience),
            Lane.SESSIONS: Turns(places=1, waiting=4, of_one=2, patience=patience),
        }
        # Verified against when there is no such login, so that the time taken does not tell.
        self._nobody = self._hasher.hash("nobody's password")

    def hash(self, password: str, turn: Turn | None = None, *, is_queued: bool = False) -> str:
        """:param is_queued: within `queue`.
        :raises TooManyRequests: `session.busy`, the turn's lane is full or it took too long.
        """
        return str(self._in_turn(turn, is_queued, self._hasher.hash, normal_form(password)))

    def verify(self, stored: str | None, password: str, turn: Turn | None = None, *, is_queued: bool = False) -> bool:
        """Whether `password` is the one behind `stored`; with None, the same work and False.

        :param is_queued: within `queue`.
        :raises TooManyRequests: `session.busy`, the turn's lane is full or it took too long.
        """
        right = self._in_turn(turn, is_queued, self._matches, stored or self._nobody, normal_form(password))
        return bool(right) and stored is not None

    def queue(self, turn: Turn) -> AbstractContextManager[None]:
        """Around a log-in: who finds no room is told so before the attempt costs the database anything.

        :raises TooManyRequests: `session.busy`.
        """
        lane, caller = turn
        return self._lanes[lane].queue(caller)

    def _in_turn(self, turn: Turn | None, is_queued: bool, function: Callable[..., Any], *arguments: str) -> Any:
        if turn is None:
            return self._run(function, *arguments)
        with nullcontext() if is_queued else self.queue(turn), self._lanes[turn[0]].place():
            return self._run(function, *arguments)

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
