"""Delivery events, from a copy of their lane, into the steps that they are about.

What cannot be read is the ingester's to park; here it is passed over. What is told is noted before it is acked, so a
kill brings it again, which changes nothing.
"""

from __future__ import annotations

import queue
import threading
from datetime import UTC, datetime
from typing import Any

import orjson
from prometheus_client import Counter

from campaigns.usecases import chain_work
from campaigns.usecases.people_heard import PeopleHeard
from chassis.broker import Broker
from chassis.bus_messages import Delivery
from chassis.database import Database, Fault, fault_of
from chassis.health import Progress
from chassis.logs import get_logger
from contracts.lanes import CHAIN_EVENTS

HEARD = Counter("wici_chain_events_total", "Delivery events of messages over several channels, and of campaigns' steps")
IDLE_SECONDS = 0.5
RETRY_SECONDS = (0.05, 0.2, 1.0, 2.0, 5.0)
EVENTS_AT_ONCE = 5_000

log = get_logger()


class Hearing:
    """Takes lane messages, notes what they tell of steps, and acks them after the commit."""

    def __init__(self, database: Database, broker: Broker, *, prefetch: int) -> None:
        self._database, self._broker, self._prefetch = database, broker, prefetch
        self._people = PeopleHeard(database)
        self._deliveries: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self.progress = Progress()

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; what is not acked by then comes again."""
        self._broker.consume(CHAIN_EVENTS, self._deliveries.put, prefetch=self._prefetch)
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
        taken, events = [first], _events_of(first)
        while len(events) < EVENTS_AT_ONCE and not self._deliveries.empty():
            taken.append(self._deliveries.get())
            events += _events_of(taken[-1])
        if self._note(events, stop, tries=1):
            for delivery in taken:
                delivery.ack()
            return
        for delivery in taken:
            if self._note(_events_of(delivery), stop, tries=len(RETRY_SECONDS)):
                delivery.ack()
            elif not stop.is_set():
                log.error("chain_events_refused")
                delivery.nack(requeue=False)  # to the lane's dead letters

    def _note(self, events: list[Any], stop: threading.Event, *, tries: int) -> bool:
        """Whether they are noted. A database that is away is waited for; else it is tried so often."""
        attempt = 0
        while not stop.is_set():
            try:
                now = datetime.now(UTC)
                HEARD.inc(chain_work.hear(self._database, filter(chain_work.is_of_interest, events), now=now))
                HEARD.inc(self._people.hear([one for one in events if chain_work.is_of_campaign(one)], now=now))
                return True
            except Exception as error:
                attempt += 1
                log.warning("chain_events_not_noted", error=error)
                if fault_of(error) is not Fault.SERVER and attempt >= tries:
                    return False
                stop.wait(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS)) - 1])
        return False


def _is_of_interest(event: Any) -> bool:
    return chain_work.is_of_interest(event) or chain_work.is_of_campaign(event)


def _events_of(delivery: Delivery) -> list[Any]:
    try:
        return [event for event in orjson.loads(delivery.body)["events"] if _is_of_interest(event)]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return []
