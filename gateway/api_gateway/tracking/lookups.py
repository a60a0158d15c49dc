"""Questions to the database on behalf of links: bounded in number and time, so that one that hangs holds up no link.

A connection that hangs has no end, so the questions have threads of their own. Once one has failed or was late, the
next are answered at once for a while, and then one or two try again: nobody stands in line for a database that hangs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy.orm import Session

PATIENCE_SECONDS = 2.0
REST_SECONDS = 5.0


class Lookups:
    """:param threads: how many questions there may be at once.
    :param rest_seconds: after one that failed or was late, until the next is asked.
    """

    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[Session]],
        threads: int = 2,
        rest_seconds: float = REST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transaction = transaction
        self._rest_seconds = rest_seconds
        self._clock = clock
        self._rests_until: float | None = None  # None: the last question was answered
        self._places = threading.BoundedSemaphore(threads)
        self._threads = ThreadPoolExecutor(threads, "lookups")

    def ask(self, question: Callable[[Session], Any]) -> Any:
        """The answer of `question(session)`. :raises TimeoutError: there is none in time. Raises what it raises."""
        rests_until = self._rests_until
        if rests_until is not None and self._clock() < rests_until:
            raise TimeoutError
        # Whoever holds the places of a database that answers is done in a moment; else they may never be.
        if not self._places.acquire(timeout=PATIENCE_SECONDS if rests_until is None else 0):
            raise TimeoutError
        try:
            answer = self._threads.submit(self._answer, question).result(PATIENCE_SECONDS)
        except Exception:
            self._rests_until = self._clock() + self._rest_seconds
            raise
        self._rests_until = None
        return answer

    def _answer(self, question: Callable[[Session], Any]) -> Any:
        try:
            with self._transaction() as session:
                return question(session)
        finally:
            self._places.release()
