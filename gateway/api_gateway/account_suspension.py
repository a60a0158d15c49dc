"""Suspended accounts, kept so that their links end with a page that says so (`tracking.endings`)."""

from __future__ import annotations

from typing import Any

from api_gateway.event_handling import EventHandling
from chassis import suspensions
from chassis.broker import Broker
from chassis.database import Database, Session
from contracts.events import ACCOUNT_SUSPENSION_CHANGED


class AccountSuspension(EventHandling):
    """The handler of `account_suspension_changed`. What is told late changes nothing."""

    def __init__(self, broker: Broker, database: Database) -> None:
        super().__init__(broker, database, ACCOUNT_SUSPENSION_CHANGED, "follow_suspension", self._note)

    @staticmethod
    def _note(session: Session, payload: Any) -> None:
        suspensions.note(session, **payload)
