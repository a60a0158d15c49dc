"""Forgets deliveries and events that are older than the log of webhooks goes back, and webhooks that are deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from chassis.database import Database
from reporting.store import webhook_deliveries, webhook_events, webhook_sends, webhook_spool, webhooks

EVERY_SECONDS = 600.0
ROWS_AT_ONCE = 5000


class Upkeep:
    """:param days: how long a delivery is kept, arrived or not."""

    def __init__(self, database: Database, *, days: int) -> None:
        self._database = database
        self._kept = timedelta(days=days)

    def step(self) -> None:
        """Delete what is too old, or of no webhook; some rows in each transaction, and two at once do it once."""
        before = datetime.now(UTC) - self._kept
        for store in (webhook_deliveries, webhook_events, webhook_spool, webhook_sends):
            gone = ROWS_AT_ONCE
            while gone == ROWS_AT_ONCE:
                with self._database.transaction() as session:
                    gone = store.delete_old(session, before=before, limit=ROWS_AT_ONCE)
        with self._database.transaction() as session:
            webhook_sends.mark_unused(session, before=before)
        with self._database.reading() as session:
            deleted = webhooks.deleted(session)
        for webhook_id in deleted:
            gone = 1
            while gone:
                with self._database.transaction() as session:
                    gone = webhooks.sweep(session, webhook_id, limit=ROWS_AT_ONCE)
