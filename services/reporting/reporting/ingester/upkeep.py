"""Looks after the log's partitions in the background of every ingester."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from chassis.database import Database
from reporting.store import partitions
from reporting.usecases import retention

EVERY_SECONDS = 3600.0
RETRY_SECONDS = 60.0


class Upkeep:
    """Looks after the partitions once an hour, forgets what is kept no longer, and again a minute after a failure.

    A second ingester finds it done. Rows without a partition go to the default one, so nothing is lost meanwhile.
    """

    def __init__(self, database: Database, call: retention.Call, stop: threading.Event) -> None:
        self._database, self._call, self._stop = database, call, stop
        self._due_at = 0.0

    def step(self) -> None:
        """Do it if it is due; called every `RETRY_SECONDS`."""
        if time.monotonic() >= self._due_at:
            now = datetime.now(UTC)
            partitions.look_after(self._database, now)
            retention.forget(self._database, call=self._call, now=now, go_on=lambda: not self._stop.is_set())
            self._due_at = time.monotonic() + EVERY_SECONDS
