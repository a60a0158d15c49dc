"""Once an hour: drop what nobody can ask for any more."""

from __future__ import annotations

import threading

from campaigns.store import batches
from chassis.database import Database
from chassis.logs import get_logger

EVERY_SECONDS = 3600.0

log = get_logger()


def keep_house(database: Database, stop: threading.Event) -> None:
    """Until `stop`; several dispatchers may do it at once, since deleting what is gone deletes nothing."""
    while not stop.wait(EVERY_SECONDS):
        try:
            tidy(database)
        except Exception as error:
            log.warning("housekeeping_failed", error=repr(error))


def tidy(database: Database) -> int:
    """Forget the batches of campaigns settled long ago; returns how many."""
    with database.transaction() as session:
        return batches.forget_old(session)
