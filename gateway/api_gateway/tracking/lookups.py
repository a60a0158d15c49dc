"""Questions to the database on behalf of links: bounded in number and time, so that one that hangs holds up no link.

The threads that serve links are few, and a connection that hangs has no end: the questions have threads of their own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy.orm import Session

PATIENCE_SECONDS = 2.0


class Lookups:
    """:param threads: how many questions there may be at once."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[Session]], threads: int = 2) -> None:
        self._transaction = transaction
        self._places = threading.BoundedSemaphore(threads)
        self._threads = ThreadPoolExecutor(threads, "lookups")

    def ask(self, question: Callable[[Session], Any]) -> Any:
        """The answer of `question(session)`. :raises TimeoutError: there is none in time. Raises what it raises."""
        if not self._places.acquire(timeout=PATIENCE_SECONDS):
            raise TimeoutError
        return self._threads.submit(self._answer, question).result(PATIENCE_SECONDS)

    def _answer(self, question: Callable[[Session], Any]) -> Any:
        try:
            with self._transaction() as session:
                return question(session)
        finally:
            self._places.release()
