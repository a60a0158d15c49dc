"""What is due, handed to the channels: a thread of each channel, so that one that does not answer holds up no other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

from prometheus_client import Counter

from campaigns.store.chains import CHAINS
from campaigns.usecases import chain_work, people_work
from chassis import seals
from chassis.broker import Broker
from chassis.database import Database
from chassis.gathering import Gatherer
from chassis.health import Progress
from chassis.logs import get_logger
from chassis.rpc_client import RpcClient
from chassis.waking import Waker
from contracts.channel import CHANNELS
from contracts.vocabulary import Channel

REST_SECONDS = 1.0  # deadlines come without anybody's waking
# How long a channel's worker looks at nothing where nobody says that something is due.
LONGEST_REST_SECONDS = 30.0
FAILED_SECONDS = 1.0
SHUTDOWN_SECONDS = 8.0
ACTS = Counter("wici_chain_acts_total", "Acts about steps of messages over several channels", ["channel", "act"])

log = get_logger()


class Workers:
    """:param at_once: how many steps of a channel are asked about at the same time.
    :param lease: for how long they are nobody else's.
    """

    def __init__(self, database: Database, broker: Broker, *, at_once: int, lease: timedelta) -> None:
        self._database, self._at_once, self._lease = database, at_once, lease
        gathered = {facts.call("send_messages") for facts in CHANNELS.values()}
        self._client = Gatherer(RpcClient(broker, seals.passed_on), gathered, is_large=_is_large)
        self._progress = {channel: Progress() for channel in CHANNELS}
        self._woken = {channel: threading.Event() for channel in CHANNELS}

    def checks(self) -> Mapping[str, Callable[[], None]]:
        return {f"worker-{channel}": progress.check for channel, progress in self._progress.items()}

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; what is in hand then is finished, or another's when its lease is over."""
        threads = [threading.Thread(target=self._work, args=(channel, stop), daemon=True) for channel in CHANNELS]
        for thread in threads:
            thread.start()
        waker = Waker(self._database, CHAINS).start(stop)
        try:
            while not stop.is_set():
                waker.wait(REST_SECONDS)
                for channel in self._due():
                    self._woken[channel].set()
        finally:
            waker.close()
            for woken in self._woken.values():
                woken.set()
            for thread in threads:
                thread.join(SHUTDOWN_SECONDS)

    def _due(self) -> Collection[Channel]:
        """The channels that have something due; all of them where that cannot be said."""
        try:
            return chain_work.due_channels(self._database, now=datetime.now(UTC))
        except Exception as error:
            log.warning("chains_not_looked_at", error=error)
            return list(self._woken)

    def _work(self, channel: Channel, stop: threading.Event) -> None:
        with ThreadPoolExecutor(self._at_once, thread_name_prefix=f"chains-{channel}") as pool:
            while not stop.is_set():
                self._woken[channel].wait(LONGEST_REST_SECONDS)
                self._woken[channel].clear()
                try:
                    while not stop.is_set() and self._step(channel, pool):
                        pass
                except Exception as error:
                    log.warning("chains_not_worked_on", channel=channel, error=error)
                    self._progress[channel].waits()
                    stop.wait(FAILED_SECONDS)

    def _step(self, channel: Channel, pool: ThreadPoolExecutor) -> bool:
        """Some that are due, all the way; whether there were any."""
        now, lasts = datetime.now(UTC), self._lease
        tasks = chain_work.take(self._database, channel, now=now, lasts=lasts, limit=self._at_once)
        if tasks:
            note = partial(chain_work.note_address, self._database)
            outcomes = list(pool.map(lambda task: chain_work.do(task, self._client.call, note), tasks))
            chain_work.write(self._database, list(zip(tasks, outcomes, strict=True)), now=datetime.now(UTC))
            for task in tasks:
                ACTS.labels(channel, task.act).inc()
        self._progress[channel].moved()
        return bool(tasks)


class PeopleWorker:
    """What time brings to people of campaigns of steps, on a thread of its own."""

    def __init__(self, database: Database, broker: Broker, *, lease: timedelta) -> None:
        self._database, self._lease = database, lease
        self._client = RpcClient(broker, seals.passed_on)
        self.progress = Progress()

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; whoever is in hand then is another's when the lease is over."""
        while not stop.is_set():
            try:
                is_busy = people_work.look(self._database, self._client.call, now=datetime.now(UTC), lasts=self._lease)
                self.progress.moved()
            except Exception as error:
                log.warning("people_not_looked_at", error=error)
                self.progress.waits()
                is_busy = False
            if not is_busy:
                stop.wait(REST_SECONDS)


def _is_large(payload: dict[str, object]) -> bool:
    return bool(payload.get("attachments"))
