"""Threads for what waits on other services: one step at a time for each campaign."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from campaigns.dispatcher.sends import Send
from campaigns.store.leases import Work
from chassis.logs import bind

# Reading audiences has threads of its own, so that campaigns which start do not hold up those that send.
READERS, STEPPERS = 6, 8


class Workers:
    """Runs a campaign's next step, and reads its audience beside it; `wake` is called when one ends."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._readers = ThreadPoolExecutor(READERS, "audience")
        self._steppers = ThreadPoolExecutor(STEPPERS, "steps")

    def run(self, send: Send, name: str, step: Callable[..., Any], *given: Any) -> None:
        send.task_name = name
        send.task = self._submit(self._steppers, send.work, step, *given)

    def read(self, send: Send, step: Callable[..., Any], *given: Any) -> Future[Any]:
        return self._submit(self._readers, send.work, step, *given)

    def _submit(self, pool: ThreadPoolExecutor, work: Work, step: Callable[..., Any], *given: Any) -> Future[Any]:
        future = pool.submit(_traced, work, step, *given)
        future.add_done_callback(lambda _: self._wake())
        return future

    def close(self) -> None:
        for pool in (self._readers, self._steppers):
            pool.shutdown(wait=False, cancel_futures=True)


def _traced(work: Work, step: Callable[..., Any], *given: Any) -> Any:
    """Run a step with the campaign's ids on every log line and event of it."""
    bind(trace_id=work.trace_id, account_id=work.account_id)
    return step(*given)
