"""Forgets deliveries and events that are older than the log of webhooks goes back, and webhooks that are deleted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from chassis.database import Database
from contracts.email_gateway.messages import SCHEDULE_MAX_DAYS as EMAIL_DAYS
from contracts.sms_gateway.messages import SCHEDULE_MAX_DAYS as SMS_DAYS
from reporting.store import url_tests, webhook_deliveries, webhook_events, webhook_sends, webhook_spool, webhooks

EVERY_SECONDS = 600.0
ROWS_AT_ONCE = 5000
# So long after it is handed in may a message be sent at the latest.
SCHEDULED = timedelta(days=max(EMAIL_DAYS, SMS_DAYS))


class Upkeep:
    """:param days: how long a delivery is kept, arrived or not."""

    def __init__(self, database: Database, *, days: int) -> None:
        self._database = database
        self._kept = timedelta(days=days)

    def step(self) -> None:
        """Delete what is too old, or of no webhook; some rows in each transaction, and two at once do it once."""
        before = datetime.now(UTC) - self._kept
        for store in (webhook_deliveries, webhook_events, webhook_spool):
            self._delete_old(store.delete_old, before)
        self._delete_old(webhook_sends.delete_old, before - SCHEDULED)
        with self._database.transaction() as session:
            webhook_sends.mark_unused(session, before=before)
            url_tests.mark_old(session, now=datetime.now(UTC))
        with self._database.reading() as session:
            deleted = webhooks.deleted(session)
        for webhook_id in deleted:
            gone = 1
            while gone:
                with self._database.transaction() as session:
                    gone = webhooks.sweep(session, webhook_id, limit=ROWS_AT_ONCE)

    def _delete_old(self, delete_old: Callable[..., int], before: datetime) -> None:
        gone = ROWS_AT_ONCE
        while gone == ROWS_AT_ONCE:
            with self._database.transaction() as session:
                gone = delete_old(session, before=before, limit=ROWS_AT_ONCE)
