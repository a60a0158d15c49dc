"""From the spool to what each webhook is to be told: round by round, a portion of each account that has any.

So an account's hundred events wait for one portion of each other, however many millions these have. As many processes
as run share the accounts: one account is in one process's hand at a time, which keeps its order.
"""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime
from uuid import UUID

from prometheus_client import Counter, Gauge

from chassis.database import Database, Fault, fault_of
from chassis.health import Progress
from chassis.logs import get_logger
from reporting.store import webhook_spool as store
from reporting.usecases import webhook_spool

EVENTS = Counter("wici_webhook_events_total", "Rows of events kept for webhooks")
PARKED = Counter("wici_webhook_portions_parked_total", "Portions of events that could not be told to webhooks")
LAG = Gauge("wici_webhook_lag_seconds", "Since the oldest event that no webhook has been told of yet was heard")
IDLE_SECONDS = 1.0
AFTER_FAILURE_SECONDS = 1.0

log = get_logger()


class Telling:
    """The loop; any number may run, here and in other processes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._woken = threading.Event()
        self._after = UUID(int=0)  # where more have work than a round takes, the next one goes on from here
        self.progress = Progress()

    def wake(self) -> None:
        """There is something to tell: said in the process that hears. Others find by themselves what is left."""
        self._woken.set()

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.progress.waits()
            if not self.step(stop):
                self._woken.wait(IDLE_SECONDS)
            self._woken.clear()
            self.progress.moved()

    def step(self, stop: threading.Event) -> bool:
        """A portion of each account; whether there was any."""
        try:
            with self._database.reading() as session:
                rows = store.waiting(session, after=self._after)
        except Exception as error:
            log.warning("webhook_spool_not_read", error=error)
            stop.wait(AFTER_FAILURE_SECONDS)
            return False
        is_full = len(rows) >= store.MOST_ACCOUNTS
        is_rest = self._after.int > 0
        self._after = rows[-1]["account_id"] if is_full else UUID(int=0)
        LAG.set(webhook_spool.age_of_oldest(rows, datetime.now(UTC)))
        account_ids = [row["account_id"] for row in rows if row["is_due"]]
        random.shuffle(account_ids)  # so that processes begin with different ones
        told = False
        for account_id in account_ids:
            if stop.is_set():
                break
            told |= self._tell(account_id, stop)
        return told or is_full or is_rest

    def _tell(self, account_id: UUID, stop: threading.Event) -> bool:
        try:
            with self._database.transaction() as session:
                told = webhook_spool.tell_portion(session, account_id)
        except Exception as error:
            log.warning("webhook_events_not_told", error=error)
            if fault_of(error) is Fault.SERVER:
                stop.wait(AFTER_FAILURE_SECONDS)
            else:
                self._put_off(account_id)
            return False
        if told is None:
            return False
        EVENTS.inc(told.rows)
        if told.refused:
            log.warning("webhook_events_not_told", events=told.refused)
            self._put_off(account_id)
        return True

    def _put_off(self, account_id: UUID) -> None:
        try:
            with self._database.transaction() as session:
                is_parked = webhook_spool.put_off(session, account_id)
        except Exception as error:
            log.warning("webhook_events_not_put_off", error=error)
            return
        if is_parked:
            log.error("webhook_events_parked")
            PARKED.inc()
