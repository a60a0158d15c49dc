"""Mails of many connections, stored by one transaction: a connection is answered when its mail is on disk.

Nobody waits for company: while one transaction is under way, what comes meanwhile is gathered for the next.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

from prometheus_client import Counter, Histogram

from channel.single_sends import SingleSends
from chassis.logs import get_logger
from contracts.errors import Unavailable, WiciError
from email_gateway.usecases.submissions import Submission

MOST_AT_ONCE, MOST_OCTETS = 100, 32 * 1024 * 1024  # of one transaction
MAILS = Counter("wici_submitted_mails_total", "Mails handed in by SMTP, by what became of them", ["result"])
GATHERED = Histogram("wici_submission_gathered", "Mails of one transaction", buckets=(1, 2, 5, 10, 20, 50, 100))

log = get_logger()
_Waiting = tuple[Submission, "asyncio.Future[Any]", asyncio.AbstractEventLoop]


class Intake:
    """:param on_stored: called after each transaction that stored something."""

    def __init__(self, sends: SingleSends, on_stored: Callable[[], object]) -> None:
        self._sends, self._on_stored = sends, on_stored
        self._waiting: queue.Queue[_Waiting] = queue.Queue()

    async def submit(self, submission: Submission) -> Any:
        """What was accepted, once it is safe. :raises WiciError: why it is not."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._waiting.put((submission, future, loop))
        answer = await future
        if isinstance(answer, BaseException):
            MAILS.labels(answer.code if isinstance(answer, WiciError) else "failed").inc()
            raise answer
        MAILS.labels("accepted").inc()
        return answer

    def run(self, stop: threading.Event) -> None:
        """On a thread of its own, until `stop` and nothing waits."""
        while not (stop.is_set() and self._waiting.empty()):
            try:
                gathered = [self._waiting.get(timeout=0.2)]
            except queue.Empty:
                continue
            self._store(self._with_company(gathered))

    def _with_company(self, gathered: list[_Waiting]) -> list[_Waiting]:
        octets = _size(gathered[0])
        while len(gathered) < MOST_AT_ONCE and octets < MOST_OCTETS:
            try:
                gathered.append(self._waiting.get_nowait())
            except queue.Empty:
                break
            octets += _size(gathered[-1])
        return gathered

    def _store(self, gathered: list[_Waiting]) -> None:
        GATHERED.observe(len(gathered))
        try:
            answers = self._sends.send([submission for submission, _, _ in gathered])
        except Exception as error:  # `send` never raises; a connection must not wait for ever if it does
            log.exception("submissions_not_stored")
            answers = [Unavailable("service.unavailable", type(error).__name__)] * len(gathered)
        for answer in answers:
            if isinstance(answer, Exception) and not isinstance(answer, WiciError):
                log.error("submission_failed", error=answer)
        # Once for all of them: each call from another thread wakes the loop by a system call.
        gathered[0][2].call_soon_threadsafe(_settle, [future for _, future, _ in gathered], answers)
        self._on_stored()


def _size(waiting: _Waiting) -> int:
    return sum(map(len, waiting[0].blobs.values()))


def _settle(futures: Sequence[asyncio.Future[Any]], answers: Sequence[Any]) -> None:
    for future, answer in zip(futures, answers, strict=True):
        if not future.done():
            future.set_result(answer)
