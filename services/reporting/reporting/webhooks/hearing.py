"""From the copy of the lane of delivery events into the spool, in which each account has a row of its own to stand in.

One process at a time is given the lane's messages (`contracts.lanes.COPIES`), so that events are kept in the order in
which they come. What no webhook of its account wants is dropped here and costs no statement; what is wanted costs a row
for some hundred events, so that nobody's campaign is long in the way of the others.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from prometheus_client import Counter

from chassis.broker import Broker
from chassis.bus_messages import Delivery
from chassis.database import Database, Fault, fault_of
from chassis.health import Progress
from chassis.logs import get_logger
from chassis.secrets import Vault
from contracts.lanes import WEBHOOK_EVENTS
from contracts.reporting.webhooks import MESSAGE_EVENTS
from reporting.store import webhooks
from reporting.usecases import webhook_spool

EVENTS = Counter("wici_webhook_events_heard_total", "Delivery events that some webhook wants")
IDLE_SECONDS = 0.5
RETRY_SECONDS = (0.05, 0.2, 1.0, 2.0, 5.0)
# Of one transaction; a lane message has a thousand at most.
EVENTS_AT_ONCE = 20_000
MESSAGE = "message."
MESSAGE_KINDS = frozenset(event.value for event in MESSAGE_EVENTS)

log = get_logger()
Wanted = dict[str, list[Any]]  # by account, in the lane's order


class Hearing:
    """Takes lane messages, keeps their events, and acks them after the commit.

    :param notice_seconds: how long it is remembered which accounts have webhooks.
    :param on_heard: called when there is something to tell.
    """

    def __init__(
        self,
        database: Database,
        broker: Broker,
        vault: Vault,
        *,
        prefetch: int,
        notice_seconds: float,
        on_heard: Callable[[], None],
    ) -> None:
        self._database, self._broker, self._prefetch = database, broker, prefetch
        self._vault = vault
        self._on_heard = on_heard
        self._notice_seconds = notice_seconds
        self._deliveries: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._listening: dict[str, frozenset[str]] = {}
        self._known_at: float | None = None
        self.progress = Progress()

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; what is not acked by then comes again."""
        self._broker.consume(WEBHOOK_EVENTS, self._deliveries.put, prefetch=self._prefetch)
        while not stop.is_set():
            try:
                first = self._deliveries.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                continue
            self.progress.waits()
            self._handle(first, stop)
            self.progress.moved()

    def _handle(self, first: Delivery, stop: threading.Event) -> None:
        """`first` and what waits behind it, together; what does not go in together is taken one by one."""
        self._remember(stop)
        taken: list[Delivery] = []
        wanted: Wanted = {}
        delivery, events = first, 0
        while True:
            taken.append(delivery)
            events += self._read(delivery, wanted)
            if events >= EVENTS_AT_ONCE or self._deliveries.empty():
                break
            delivery = self._deliveries.get()
        if self._keep(wanted, stop, tries=1):
            for one in taken:
                one.ack()
            return
        for one in taken:
            self._handle_alone(one, stop)

    def _handle_alone(self, delivery: Delivery, stop: threading.Event) -> None:
        wanted: Wanted = {}
        self._read(delivery, wanted)
        if self._keep(wanted, stop, tries=len(RETRY_SECONDS)):
            delivery.ack()
        elif not stop.is_set():
            log.error("webhook_events_refused")
            delivery.nack(requeue=False)  # to the lane's dead letters

    def _keep(self, wanted: Wanted, stop: threading.Event, *, tries: int) -> bool:
        """Whether the events are kept. A database that is away is waited for; else it is tried so often."""
        attempt = 0
        while not stop.is_set():
            try:
                if wanted:
                    with self._database.transaction() as session:
                        EVENTS.inc(webhook_spool.hear(session, wanted, vault=self._vault))
                    self._on_heard()
                return True
            except Exception as error:
                attempt += 1
                log.warning("webhook_events_not_kept", error=error)
                if fault_of(error) is not Fault.SERVER and attempt >= tries:
                    return False
                stop.wait(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS)) - 1])
        return False

    def _remember(self, stop: threading.Event) -> None:
        """Which accounts have webhooks, and for what, as of a moment ago."""
        began = time.monotonic()
        if self._known_at is not None and began - self._known_at < self._notice_seconds:
            return
        while not stop.is_set():
            try:
                with self._database.reading() as session:
                    self._listening = webhooks.listening_accounts(session)
                self._known_at = began
                return
            except Exception as error:
                log.warning("webhooks_not_read", error=error)
                stop.wait(RETRY_SECONDS[-1])

    def _read(self, delivery: Delivery, wanted: Wanted) -> int:
        """Add the events that somebody wants; what cannot be read is the ingester's to park. Returns how many."""
        try:
            events = orjson.loads(delivery.body)["events"]
            return add_wanted(events, self._listening, wanted)
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return 0


def add_wanted(events: Sequence[Any], listening: dict[str, frozenset[str]], wanted: Wanted) -> int:
    """Add to `wanted` the events of kinds that a webhook of their account is told of; returns how many.

    :param listening: gets the account of a send with an address of its own, which is told of all that comes next.
    """
    added = 0
    for event in events:
        if not isinstance(event, dict):
            continue
        account_id = str(event.get("account_id")).lower()
        kinds = listening.get(account_id)
        labels = event.get("labels")
        if isinstance(labels, dict) and labels.get("webhook_url"):
            kinds = listening[account_id] = (kinds or frozenset()) | MESSAGE_KINDS
        if kinds is not None and f"{MESSAGE}{event.get('kind')}" in kinds:
            wanted.setdefault(account_id, []).append(event)
            added += 1
    return added
