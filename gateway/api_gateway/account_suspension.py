"""Suspended accounts: their links end with a page that says so.

Who is suspended is kept in the gateway's database and in each worker's memory, so that a link asks nobody. While the
database is away the memory stays as it was.
"""

from __future__ import annotations

import threading

from api_gateway.event_handling import EventHandling
from chassis import suspensions
from chassis.broker import Broker
from chassis.database import Database
from contracts.events import ACCOUNT_SUSPENSION_CHANGED


class AccountSuspension(EventHandling):
    """The handler of `account_suspension_changed`. What is told late changes nothing."""

    def __init__(self, broker: Broker, database: Database) -> None:
        super().__init__(
            broker,
            database,
            ACCOUNT_SUSPENSION_CHANGED,
            "follow_suspension",
            lambda session, payload: suspensions.note(session, **payload),
        )


class SuspendedAccounts:
    """The suspended accounts, as this worker knows them."""

    def __init__(self) -> None:
        self._account_ids: frozenset[str] = frozenset()

    def __contains__(self, account_id: object) -> bool:
        return str(account_id) in self._account_ids

    def set(self, account_ids: frozenset[str]) -> None:
        self._account_ids = account_ids

    def watch(self, database: Database, stop: threading.Event) -> None:
        """Follow the database until `stop`."""
        suspensions.watch(database, self.set).run(stop)
