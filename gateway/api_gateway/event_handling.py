"""Events and lanes that the gateway handles, on queues that all workers share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from marshmallow import ValidationError

from chassis.broker import Broker
from chassis.bus_messages import Delivery
from chassis.database import Database, Fault, Session, fault_of
from chassis.logs import get_logger
from chassis.topology import event_queue
from contracts.events import Event

LOOK_SECONDS, RETRY_SECONDS = 1.0, 1.0

log = get_logger()


class Handling:
    """The consumer of one queue; `handle(session, payload)` may be called twice for a message, and the second does no
    harm.

    :param read: a message's body as a payload. :raises ValueError: it is none.
    """

    def __init__(
        self,
        broker: Broker,
        database: Database,
        queue: str,
        read: Callable[[bytes], Any],
        handle: Callable[[Session, Any], object],
    ) -> None:
        self._database, self._queue, self._read, self._handle = database, queue, read, handle
        self._waiting: SimpleQueue[Delivery] = SimpleQueue()
        broker.consume(self._queue, self._waiting.put, prefetch=1)

    def run(self, stop: threading.Event) -> None:
        """Handle until `stop`. While the database is away a message is kept, and returned to the queue at the end."""
        while not stop.is_set():
            try:
                delivery = self._waiting.get(timeout=LOOK_SECONDS)
            except Empty:
                continue
            while not self._is_settled(delivery):
                if stop.wait(RETRY_SECONDS):
                    delivery.nack()
                    break

    def _is_settled(self, delivery: Delivery) -> bool:
        try:
            payload = self._read(delivery.body)
        except (ValidationError, ValueError, KeyError, TypeError) as error:
            log.error("event_unreadable", queue=self._queue, error_type=type(error).__name__)
            delivery.nack(requeue=False)  # to the dead-letter queue
            return True
        try:
            with self._database.transaction() as session:
                self._handle(session, payload)
        except Exception as error:
            log.warning("event_not_handled", queue=self._queue, error=error)
            if fault_of(error) is not Fault.DATA:
                return False
            delivery.nack(requeue=False)
            return True
        delivery.ack()
        return True


class EventHandling(Handling):
    """The consumer of one event.

    :param name: of the handler, as `contracts.events.SUBSCRIPTIONS` has it.
    """

    def __init__(
        self, broker: Broker, database: Database, event: Event, name: str, handle: Callable[[Session, Any], object]
    ) -> None:
        super().__init__(broker, database, event_queue(event, "api_gateway", name), event.schema().loads, handle)
