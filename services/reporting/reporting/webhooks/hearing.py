"""From the copy of the lane of delivery events to what each webhook is to be told.

One process at a time is given the lane's messages (`contracts.lanes.COPIES`), so that events are kept in the order in
which they come. What belongs to accounts without webhooks is dropped here and costs no statement.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from prometheus_client import Counter

from chassis.broker import Broker, Delivery
from chassis.database import Database, Fault, fault_of
from chassis.health import Progress
from chassis.logs import get_logger
from contracts.lanes import WEBHOOK_EVENTS
from reporting.domain.folding import readable_events
from reporting.domain.webhooks import HeardEvent, heard
from reporting.store import webhooks
from reporting.usecases import webhook_sending

EVENTS = Counter("wici_webhook_events_total", "Rows of events kept for webhooks")
IDLE_SECONDS = 0.5
RETRY_SECONDS = (0.05, 0.2, 1.0, 2.0, 5.0)
# Of one transaction: an event is a row for each webhook of its account that wants it.
ROWS_AT_ONCE = 20_000

log = get_logger()


class Hearing:
    """Takes lane messages, keeps their events, and acks them after the commit.

    :param notice_seconds: how long it is remembered which accounts have webhooks.
    """

    def __init__(self, database: Database, broker: Broker, *, prefetch: int, notice_seconds: float) -> None:
        self._database, self._broker, self._prefetch = database, broker, prefetch
        self._notice_seconds = notice_seconds
        self._deliveries: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._listening: dict[str, int] = {}
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
        taken, events = [first], self._read(first)
        rows = self._rows_of(events)
        while rows < ROWS_AT_ONCE and not self._deliveries.empty():
            taken.append(self._deliveries.get())
            more = self._read(taken[-1])
            rows += self._rows_of(more)
            events += more
        if self._keep(events, stop, tries=1):
            for one in taken:
                one.ack()
            return
        for one in taken:
            self._handle_alone(one, stop)

    def _handle_alone(self, delivery: Delivery, stop: threading.Event) -> None:
        if self._keep(self._read(delivery), stop, tries=len(RETRY_SECONDS)):
            delivery.ack()
        elif not stop.is_set():
            log.error("webhook_events_refused")
            delivery.nack(requeue=False)  # to the lane's dead letters

    def _keep(self, events: list[HeardEvent], stop: threading.Event, *, tries: int) -> bool:
        """Whether the events are kept. A database that is away is waited for; else it is tried so often.

        Some go in at a time: what is in already when another fails is harmless twice.
        """
        attempt = 0
        while not stop.is_set():
            try:
                for portion in portions(events, self._listening):
                    with self._database.transaction() as session:
                        EVENTS.inc(webhook_sending.keep(session, portion))
                return True
            except Exception as error:
                attempt += 1
                log.warning("webhook_events_not_kept", error=type(error).__name__)
                if fault_of(error) is not Fault.SERVER and attempt >= tries:
                    return False
                stop.wait(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS)) - 1])
        return False

    def _remember(self, stop: threading.Event) -> None:
        """Which accounts have webhooks, as of a moment ago."""
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
                log.warning("webhooks_not_read", error=type(error).__name__)
                stop.wait(RETRY_SECONDS[-1])

    def _rows_of(self, events: list[HeardEvent]) -> int:
        return sum(self._listening.get(event.account_id, 1) for event in events)

    def _read(self, delivery: Delivery) -> list[HeardEvent]:
        """The events of accounts with webhooks; what cannot be read is the ingester's to park."""
        try:
            events = orjson.loads(delivery.body)["events"]
            theirs = [event for event in events if _account_of(event) in self._listening]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return []
        return [heard(event) for event in readable_events(theirs)[0]]


def portions(events: Sequence[HeardEvent], webhooks_by_account: Mapping[str, int]) -> Iterator[list[HeardEvent]]:
    """The events in their order, each portion of them so many rows at most."""
    portion: list[HeardEvent] = []
    rows = 0
    for event in events:
        more = webhooks_by_account.get(event.account_id, 1)
        if portion and rows + more > ROWS_AT_ONCE:
            yield portion
            portion, rows = [], 0
        portion.append(event)
        rows += more
    if portion:
        yield portion


def _account_of(event: Any) -> str:
    return str(event.get("account_id")).lower() if isinstance(event, dict) else ""
