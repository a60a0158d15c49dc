"""Recording of engagement: whom campaigns reached, read in batches from reporting's lane and written to its table.

Many lane messages are written in one transaction and acked after its commit; one that comes again is known by its id.
"""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import orjson
from prometheus_client import Counter
from sqlalchemy.exc import DBAPIError

from chassis.broker import Broker
from chassis.bus_messages import Delivery
from chassis.database import Database, Fault, fault_of
from chassis.health import Progress
from chassis.inbox import first_time
from chassis.logs import get_logger
from contacts.domain.rule_terms import ENGAGEMENTS
from contacts.store import engagement as store
from contacts.store import frequency_caps, growth
from contacts.store.frequency_caps import SENT_KINDS
from contracts.lanes import ENGAGEMENT

MESSAGES = Counter("wici_engagement_messages_total", "Lane messages about engagement, by outcome", ["outcome"])
KINDS = frozenset({*ENGAGEMENTS, *SENT_KINDS})
HANDLER = "record_engagement"
PREFETCH = 20  # of up to 750 KB each
IDLE_SECONDS = 0.5
RETRY_SECONDS = 2.0
UPKEEP_SECONDS = 600.0

# What no second try mends: the message is at fault. Anything else is tried until it goes.
_REFUSED = (ValueError, KeyError, TypeError, AttributeError)
# Ids with commas between, and no NULL among them: with one, nobody would have "not opened" (`NOT (id IN (…, NULL))`).
_IDS = re.compile(r"[0-9a-f,-]*", re.ASCII).fullmatch

log = get_logger()


class Recorder:
    """Takes deliveries from a queue in memory, writes them, and acks them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.progress = Progress()
        self._deliveries: queue.SimpleQueue[Delivery] = queue.SimpleQueue()

    def consume(self, broker: Broker) -> None:
        broker.consume(ENGAGEMENT, self._deliveries.put, prefetch=PREFETCH)

    def run(self, stop: threading.Event) -> None:
        """Work until `stop`; what is not acked by then goes back to the lane."""
        while not stop.is_set():
            try:
                batch = [self._deliveries.get(timeout=IDLE_SECONDS)]
            except queue.Empty:
                continue
            while not self._deliveries.empty():
                batch.append(self._deliveries.get())
            if not self._settle(batch):
                # One of them may be to blame: each by itself, and that one to the lane's dead letters.
                for delivery in batch:
                    while not stop.is_set() and not self._settle([delivery], alone=True):
                        stop.wait(RETRY_SECONDS)

    def _settle(self, batch: Sequence[Delivery], *, alone: bool = False) -> bool:
        """Write and ack; False where it has to be tried again."""
        self.progress.waits()
        try:
            self._write([orjson.loads(delivery.body) for delivery in batch])
        except Exception as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            log.warning("engagement_not_recorded", messages=len(batch), error=type(cause).__name__)
            if not alone or not (fault_of(error) is Fault.DATA or isinstance(cause, _REFUSED)):
                return False
            MESSAGES.labels("refused").inc()
            self.progress.moved()
            batch[0].nack(requeue=False)
            return True
        self.progress.moved()
        for delivery in batch:
            delivery.ack()
        MESSAGES.labels("recorded").inc(len(batch))
        return True

    def _write(self, messages: Sequence[dict[str, Any]]) -> None:
        with self._database.transaction() as session:
            columns = [
                _checked(column)
                for message in messages
                if first_time(session, HANDLER, UUID(message["batch_id"]))
                for column in message["columns"]
                if column["kind"] in KINDS  # a kind of a newer reporting means nothing here
            ]
            store.add(session, columns)


def _checked(column: dict[str, Any]) -> dict[str, Any]:
    """The column, or an error of `_REFUSED`: what the database would refuse otherwise is tried for ever."""
    UUID(column["account_id"])
    UUID(column["campaign_id"])
    date.fromisoformat(column["day"])
    if _IDS(column["contact_ids"]) is None:
        raise ValueError("not ids")
    return column


def tidy(database: Database, today: date, keep_days: int) -> None:
    """Drop what is too old, merge what came in small pieces on past days, and fold what was counted of growth."""
    with database.transaction() as session:
        store.drop_before(session, today - timedelta(days=keep_days))
        frequency_caps.drop_before(session, today - timedelta(days=frequency_caps.DAYS_KEPT))
        frequency_caps.drop_lapsed(session)
    merged = store.MERGED_AT_ONCE
    while merged == store.MERGED_AT_ONCE:
        with database.transaction() as session:
            merged = store.merge_past_days(session, today)
    folded = 1
    while folded:
        with database.transaction() as session:
            folded = growth.fold(session)
