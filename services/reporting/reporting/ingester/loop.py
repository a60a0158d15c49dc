"""The loop: delivery events from the lane into the message log and the counters.

Several lane messages are written in one transaction when many are waiting, and acked after its commit. A kill at any
moment leaves them in the lane, or written and delivered again, which changes nothing. Any number of ingesters may run.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from typing import Any

import orjson
from prometheus_client import Counter, Histogram
from psycopg import errors
from sqlalchemy.exc import DBAPIError

from chassis import outbox
from chassis.bus_messages import Delivery
from chassis.database import Database, Fault, fault_of
from chassis.health import Progress
from chassis.logs import get_logger
from chassis.topology import dead_letters_of
from contracts.lanes import DELIVERY_EVENTS
from reporting.config import IngesterConfig
from reporting.domain.folding import readable_events
from reporting.ingester.writing import Ingest

EVENTS = Counter("wici_delivery_events_total", "Delivery events by outcome", ["outcome"])
SECONDS = Histogram("wici_ingest_seconds", "One transaction of the ingester", buckets=(0.005, 0.02, 0.1, 0.3, 1, 3, 10))
DELAY = Histogram(
    "wici_ingest_delay_seconds",
    "From what happened to its being counted, of one event a transaction",
    buckets=(0.5, 1, 2, 5, 15, 60, 300, 3600),
)
RETRY_SECONDS = (0.05, 0.2, 1.0, 2.0, 5.0)
IDLE_SECONDS = 0.5
# While a campaign is going, what is submitted is delivered some tenths of a second later: gathered for so long, most
# messages are written once and not twice (decision 0300).
GATHER_SECONDS = 0.5
MANY_EVENTS = 1_000

# What a second try may mend besides a database that is away: another writer was in the way, a partition was just made.
_PASSING = (errors.UniqueViolation, errors.CheckViolation, errors.UndefinedTable)

log = get_logger()


class Ingester:
    """Takes deliveries from a queue in memory, writes them, and acks them."""

    def __init__(self, database: Database, config: IngesterConfig, stop: threading.Event) -> None:
        self._database = database
        self._ingest = Ingest(database)
        self.progress = Progress()
        self._config = config
        self._stop = stop
        self.deliveries: queue.SimpleQueue[Delivery] = queue.SimpleQueue()

    def run(self) -> None:
        """Work until `stop`; what is not acked by then goes back to the lane when the connection closes."""
        many = False
        while not self._stop.is_set():
            try:
                first = self.deliveries.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                continue
            batch = self._batch(first, GATHER_SECONDS if many else 0.0)
            many = sum(len(events) for _, events in batch) >= MANY_EVENTS
            self._handle(batch)

    def _batch(self, first: Delivery, patience: float) -> list[tuple[Delivery, list[dict[str, Any]]]]:
        """`first` and what comes behind it within `patience` seconds, up to a transaction's worth of events.

        The broker sends no more than `prefetch` before some of it is acked, so half of that is waited for at most.
        """
        batch, events, delivery = [], 0, first
        ends = time.monotonic() + patience
        while True:
            read = _read(delivery)
            if read is not None:
                batch.append((delivery, read))
                events += len(read)
            if events >= self._config.events_at_once:
                return batch
            if len(batch) >= self._config.prefetch // 2:
                ends = 0.0
            try:
                delivery = self.deliveries.get(timeout=max(0.0, ends - time.monotonic()))
            except queue.Empty:
                return batch

    def _handle(self, batch: Sequence[tuple[Delivery, list[dict[str, Any]]]]) -> None:
        self.progress.waits()
        happened_at = batch[-1][1][-1].get("at") if batch and batch[-1][1] else None
        try:
            with SECONDS.time():
                self._ingest.write([events for _, events in batch])
        except Exception as error:
            log.warning("ingest_failed", batches=len(batch), error=_name(error))
            for delivery, _ in batch:
                self._handle_alone(delivery)
            return
        self.progress.moved()
        if isinstance(happened_at, float):
            DELAY.observe(max(0.0, time.time() - happened_at))
        for delivery, events in batch:
            delivery.ack()
            EVENTS.labels("written").inc(len(events))

    def _handle_alone(self, delivery: Delivery) -> None:
        """Write one delivery, each event checked: those that cannot go in are parked or left out, the others go in."""
        _, unreadable = readable_events(_read(delivery) or [])
        self._write_alone(delivery, slice(None))
        if self._stop.is_set():
            return
        if unreadable:
            log.error("events_unreadable", events=unreadable)
            EVENTS.labels("unreadable").inc(unreadable)
        delivery.ack()
        self.progress.moved()

    def _write_alone(self, delivery: Delivery, some: slice) -> None:
        """Write some of a delivery's events; what the database refuses is halved until the culprit is alone."""
        attempt = 0
        while not self._stop.is_set():
            # Read again for each try, which uses them up.
            events = readable_events(_read(delivery) or [])[0][some]
            try:
                self._ingest.write([events])
            except Exception as error:
                if not _is_passing(error, attempt):
                    self._write_halves(delivery, some, events, error)
                    return
                wait = RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)]
                log.warning("ingest_retried", error=_name(error), wait=wait)
                attempt += 1
                self._stop.wait(wait)
            else:
                EVENTS.labels("written").inc(len(events))
                return

    def _write_halves(self, delivery: Delivery, some: slice, events: list[dict[str, Any]], error: Exception) -> None:
        first = some.start or 0
        if len(events) > 1:
            middle, last = first + len(events) // 2, first + len(events)
            for half in (slice(first, middle), slice(middle, last)):
                self._write_alone(delivery, half)
            return
        log.error("event_refused", error=_name(error))
        EVENTS.labels("refused").inc(len(events))
        self._park(readable_events(_read(delivery) or [])[0][some])

    def _park(self, events: list[dict[str, Any]]) -> None:
        """To the lane's dead letters, by the outbox: `replay` brings them back."""
        body = orjson.dumps({"v": 1, "source": "reporting", "events": events})
        while not self._stop.is_set():
            try:
                with self._database.transaction() as session:
                    outbox.record_lane(session, dead_letters_of(DELIVERY_EVENTS), body)
                return
            except Exception as error:
                log.warning("event_not_parked", error=_name(error))
                self._stop.wait(RETRY_SECONDS[-1])


def _read(delivery: Delivery) -> list[dict[str, Any]] | None:
    """The events of a delivery; one that is not a batch of events goes to the lane's dead letters."""
    try:
        events = orjson.loads(delivery.body)["events"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        events = None
    if isinstance(events, list):
        return events
    log.error("delivery_unreadable", bytes=len(delivery.body))
    EVENTS.labels("refused").inc()
    delivery.nack(requeue=False)
    return None


def _is_passing(error: Exception, attempt: int) -> bool:
    """Whether to try the same again: a server that is away for as long as it is, what may pass for some seconds."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return fault_of(error) is Fault.SERVER or (isinstance(cause, _PASSING) and attempt < len(RETRY_SECONDS))


def _name(error: Exception) -> str:
    """The error's kind alone: its text may hold an address."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return type(cause).__name__
