"""How much one tenant may have going on at once.

Requests under way take threads and memory, which are a worker's own, so each worker counts them by itself. What lasts,
or costs services that all workers share (uploads, downloads, previews), is counted in the gateway's database, over all
workers; a slot ends by itself, so that a killed worker's come free (docs/decisions/0034).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Final
from uuid import UUID

from flask import Response
from sqlalchemy.orm import Session

from api_gateway import store
from chassis.ids import new_id
from chassis.logs import get_logger
from contracts.errors import TooManyRequests, Unavailable

PREVIEWS: Final = "previews"
UPLOADS: Final = "uploads"
DOWNLOADS: Final = "downloads"
# The longest that one may take; then its slot is free again, whatever became of it.
SECONDS: Final = {PREVIEWS: 60, UPLOADS: 1800, DOWNLOADS: 1800}
RETRY_SECONDS: Final = {"requests": 1, PREVIEWS: 2, UPLOADS: 10, DOWNLOADS: 10}

log = get_logger()


class UnderWay:
    """Requests that this worker answers at the moment, by who asks; one is under way until its answer is sent."""

    def __init__(self) -> None:
        self._number_by_subject: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, subject: str, limit: int) -> Callable[[], None]:
        """One place of `limit`; call what is returned to give it back.

        :raises TooManyRequests: all of them are taken.
        """
        with self._lock:
            if limit <= self._number_by_subject[subject]:
                raise _over("requests", limit)
            self._number_by_subject[subject] += 1
        return lambda: self._give_back(subject)

    def _give_back(self, subject: str) -> None:
        with self._lock:
            self._number_by_subject[subject] -= 1
            if not self._number_by_subject[subject]:
                del self._number_by_subject[subject]


class Slots:
    """Slots of what all workers count together.

    :param transaction: of the gateway's database; while it does not answer, nobody is refused.
    """

    def __init__(self, transaction: Callable[[], AbstractContextManager[Session]]) -> None:
        self._transaction = transaction

    def take(self, kind: str, holder: str, limit: int) -> Callable[[], None]:
        """One slot of `kind`; call what is returned to give it back.

        :raises TooManyRequests: the holder has `limit` of them; 0: no limit.
        """
        subject, slot_id = f"{kind}:{holder}", new_id()
        if limit <= 0:
            return lambda: None
        try:
            with self._transaction() as session:
                taken = store.take_slot(session, subject=subject, slot_id=slot_id, limit=limit, seconds=SECONDS[kind])
        except Exception as error:
            log.warning("slots_not_shared", error=error)
            return lambda: None
        if not taken:
            raise _over(kind, limit)
        return lambda: self._give_back(subject, slot_id)

    def _give_back(self, subject: str, slot_id: UUID) -> None:
        try:
            with self._transaction() as session:
                store.give_slot_back(session, subject=subject, slot_id=slot_id)
        except Exception as error:
            log.warning("slot_not_given_back", error=error)


class Sent:
    """An answer's pieces; `done` is called when the server is through with them, also when the client has gone."""

    def __init__(self, answer: Response, done: Callable[[], None]) -> None:
        self._pieces = answer.response
        self._done = done

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)  # type: ignore[arg-type]

    def close(self) -> None:
        try:
            getattr(self._pieces, "close", lambda: None)()
        finally:
            self._done()


def no_thread() -> TooManyRequests:
    """The refusal of a request whose sender has its share of the threads that are free."""
    return TooManyRequests(
        "requests.too_many", "All that others leave free is taken by yours.", {"retry_after": RETRY_SECONDS["requests"]}
    )


def no_download() -> Unavailable:
    """The refusal of a download while as many are open as leave threads for the rest."""
    return Unavailable(
        "gateway.busy", "Too many downloads are open at the moment.", {"retry_after": RETRY_SECONDS[DOWNLOADS]}
    )


def _over(kind: str, limit: int) -> TooManyRequests:
    return TooManyRequests(
        f"{kind}.too_many", f"{limit} {kind} at once, and no more.", {"retry_after": RETRY_SECONDS[kind]}
    )
