"""The erasure of a closed account: answers kept for its idempotent requests are deleted, and its links end."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue

from marshmallow import ValidationError

from api_gateway import store
from chassis.broker import Broker, Delivery
from chassis.database import Database, Fault, fault_of
from chassis.logs import get_logger
from chassis.topology import event_queue
from contracts.events import ACCOUNT_CLOSED

QUEUE = event_queue(ACCOUNT_CLOSED, "api_gateway", "erase_account")
LOOK_SECONDS, RETRY_SECONDS = 1.0, 1.0

log = get_logger()


class AccountClosing:
    """The consumer of `account_closed`, on a queue that all workers share.

    An event may come twice: the second time there is nothing left to erase.
    """

    def __init__(self, broker: Broker, database: Database) -> None:
        self._database = database
        self._waiting: SimpleQueue[Delivery] = SimpleQueue()
        broker.consume(QUEUE, self._waiting.put, prefetch=1)

    def run(self, stop: threading.Event) -> None:
        """Erase until `stop`. While the database is away an event is kept, and returned to the queue at the end."""
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
            account_id = ACCOUNT_CLOSED.schema().loads(delivery.body)["account_id"]
        except (ValidationError, ValueError) as error:
            log.error("event_unreadable", queue=QUEUE, error_type=type(error).__name__)
            delivery.nack(requeue=False)  # to the dead-letter queue
            return True
        try:
            with self._database.transaction() as session:
                store.erase_account(session, account_id=account_id)
                store.end_account(session, account_id=account_id)
        except Exception as error:
            log.warning("erasure_failed", error_type=type(error).__name__)
            if fault_of(error) is not Fault.DATA:
                return False
            delivery.nack(requeue=False)
            return True
        delivery.ack()
        return True
