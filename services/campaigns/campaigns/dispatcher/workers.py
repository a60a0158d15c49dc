"""Threads for what waits on other services: one step at a time for each campaign."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from campaigns.dispatcher.in_hand import CampaignInHand
from campaigns.store.leases import LeasedCampaign
from chassis.logs import bind

# Reading audiences has threads of its own, so that campaigns which start do not hold up those that campaign.
READERS, STEPPERS = 6, 8


class Workers:
    """Runs a campaign's next step, and reads its audience beside it; `wake` is called when one ends."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._readers = ThreadPoolExecutor(READERS, "audience")
        self._steppers = ThreadPoolExecutor(STEPPERS, "steps")

    def run(self, campaign: CampaignInHand, name: str, step: Callable[..., Any], *arguments: Any) -> None:
        campaign.task_name = name
        campaign.task = self._submit(self._steppers, campaign.leased, step, *arguments)

    def read(self, campaign: CampaignInHand, step: Callable[..., Any], *arguments: Any) -> Future[Any]:
        return self._submit(self._readers, campaign.leased, step, *arguments)

    def _submit(
        self, pool: ThreadPoolExecutor, leased: LeasedCampaign, step: Callable[..., Any], *arguments: Any
    ) -> Future[Any]:
        future = pool.submit(_traced, leased, step, *arguments)
        future.add_done_callback(lambda _: self._wake())
        return future

    def close(self) -> None:
        for pool in (self._readers, self._steppers):
            pool.shutdown(wait=False, cancel_futures=True)


def _traced(leased: LeasedCampaign, step: Callable[..., Any], *arguments: Any) -> Any:
    """Run a step with the campaign's ids on every log line and event of it."""
    bind(trace_id=leased.trace_id, account_id=leased.account_id)
    return step(*arguments)
