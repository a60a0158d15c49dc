"""The loop that sends: requests of many endpoints at once, each account so many, and all of it written down.

Requests run on one asyncio loop; what concerns the database runs on a few threads. A kill at any moment leaves requests
in hand until their lease ends; then they are sent again, under the same id.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import prometheus_client

from chassis.database import Database
from chassis.health import Progress
from chassis.logs import get_logger
from chassis.public_addresses import Networks
from chassis.secrets import Vault
from chassis.waking import Waker
from reporting.domain.webhooks import Answer, goes_to_secondary, signed_headers
from reporting.store import webhook_deliveries
from reporting.usecases import webhook_sending
from reporting.usecases.webhook_sending import Request
from reporting.usecases.webhooks import WEBHOOKS
from reporting.webhooks.http import Poster, resolve_by_dns

THREADS = 4
CHOSEN_AT_ONCE = 20
IDLE_SECONDS = 1.0
AFTER_FAILURE_SECONDS = 1.0
# What is under way when the process is told to stop may end; what has not by then is given back.
STOP_SECONDS = 6.0

TRIES = prometheus_client.Counter(
    "wici_webhook_tries_total", "Requests to customers' endpoints by outcome", ["outcome"]
)
SECONDS = prometheus_client.Histogram("wici_webhook_seconds", "One request to a customer's endpoint")
UNDER_WAY = prometheus_client.Gauge("wici_webhooks_under_way", "Requests to customers' endpoints under way")

T = TypeVar("T")
log = get_logger()


class Sender:
    """:param slots: requests under way at once."""

    def __init__(self, database: Database, vault: Vault, *, allowed: Networks, slots: int) -> None:
        self._database, self._vault, self._slots = database, vault, slots
        self._poster = Poster(resolve_by_dns, allowed, ssl.create_default_context())
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="webhooks")
        self._under_way: dict[asyncio.Task[None], Request] = {}
        self._of_account: Counter[UUID] = Counter()
        self.progress = Progress()

    def run(self, stop: threading.Event) -> None:
        """Until `stop`."""
        asyncio.run(self._run(stop))
        self._threads.shutdown(wait=True)

    async def _run(self, stop: threading.Event) -> None:
        loop = asyncio.get_running_loop()
        waker = Waker(self._database, WEBHOOKS).start(stop)
        waiting = ThreadPoolExecutor(1, thread_name_prefix="waker")
        woken: asyncio.Future[bool] = loop.run_in_executor(waiting, waker.wait, IDLE_SECONDS)
        while not stop.is_set():
            if not await self._fill():
                waited: set[asyncio.Future[Any]] = {woken, *self._under_way}
                await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if woken.done():
                woken = loop.run_in_executor(waiting, waker.wait, IDLE_SECONDS)
        await self._finish()
        await woken
        waiting.shutdown()
        waker.close()

    async def _fill(self) -> bool:
        """Begin what there is room for; whether there may be more to begin at once."""
        room = min(self._slots - len(self._under_way), CHOSEN_AT_ONCE)
        if room <= 0:
            return False
        under_way = dict(self._of_account)
        try:
            requests = await self._in_thread(lambda: self._choose(under_way, room))
        except Exception as error:
            log.warning("webhooks_not_chosen", error=error)
            self.progress.waits()
            await asyncio.sleep(AFTER_FAILURE_SECONDS)
            return False
        self.progress.moved()
        for request in requests:
            self._begin(request)
        return bool(requests)

    def _choose(self, under_way: dict[UUID, int], limit: int) -> list[Request]:
        with self._database.transaction() as session:
            return webhook_sending.choose(
                session, vault=self._vault, now=datetime.now(UTC), under_way=under_way, limit=limit
            )

    def _begin(self, request: Request) -> None:
        task = asyncio.get_running_loop().create_task(self._send(request))
        self._under_way[task] = request
        self._of_account[request.account_id] += 1
        UNDER_WAY.set(len(self._under_way))
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        request = self._under_way.pop(task)
        self._of_account -= Counter({request.account_id: 1})
        UNDER_WAY.set(len(self._under_way))
        if not task.cancelled() and (error := task.exception()) is not None:
            # Not written down: it is sent again when its lease ends.
            log.error("webhook_not_settled", delivery_id=str(request.delivery_id), error=error)

    async def _send(self, request: Request) -> None:
        answers = [await self._posted(request, request.url)]
        if request.secondary_url is not None and goes_to_secondary(answers[0]):
            answers.append(await self._posted(request, request.secondary_url))
        verdict = await self._in_thread(lambda: self._settle(request, answers))
        TRIES.labels(verdict).inc()

    async def _posted(self, request: Request, url: str) -> Answer:
        if not request.secrets:
            return Answer(None, "secret_unreadable", 0)
        headers = signed_headers(request.delivery_id, datetime.now(UTC), request.body, request.secrets)
        if request.authorization is not None:
            headers.append(("Authorization", request.authorization))
        answer = await self._poster.post(url, headers, request.body)
        SECONDS.observe(answer.milliseconds / 1000)
        return answer

    def _settle(self, request: Request, answers: Sequence[Answer]) -> Any:
        with self._database.transaction() as session:
            return webhook_sending.note_answers(session, request, answers, now=datetime.now(UTC))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _finish(self) -> None:
        """Let what is under way end, and give back what does not."""
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=STOP_SECONDS)
        left = {request.delivery_id: request.leased_until for request in self._under_way.values()}
        for task in list(self._under_way):
            task.cancel()
        if left:
            await self._in_thread(lambda: self._release(left))

    def _release(self, lease_by_delivery_id: dict[UUID, datetime]) -> None:
        with self._database.transaction() as session:
            webhook_deliveries.release(session, lease_by_delivery_id)
