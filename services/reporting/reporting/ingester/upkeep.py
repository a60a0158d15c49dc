"""Looks after the log's partitions in the background of every ingester."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from chassis.database import Database
from reporting.store import partitions

EVERY_SECONDS = 3600.0
RETRY_SECONDS = 60.0


class Upkeep:
    """Looks after the partitions once an hour, and again a minute after a failure; a second ingester finds it done.

    Rows without a partition go to the default one, so nothing is lost meanwhile.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._due_at = 0.0

    def step(self) -> None:
        """Do it if it is due; called every `RETRY_SECONDS`."""
        if time.monotonic() >= self._due_at:
            partitions.look_after(self._database, datetime.now(UTC))
            self._due_at = time.monotonic() + EVERY_SECONDS
