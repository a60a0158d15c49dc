"""The erasure of a closed account: answers kept for its idempotent requests are deleted, and its links end."""

from __future__ import annotations

from typing import Any

from api_gateway import store
from api_gateway.event_handling import EventHandling
from chassis import suspensions
from chassis.broker import Broker
from chassis.database import Database, Session
from chassis.topology import event_queue
from contracts.events import ACCOUNT_CLOSED

HANDLER = "erase_account"
QUEUE = event_queue(ACCOUNT_CLOSED, "api_gateway", HANDLER)


class AccountClosing(EventHandling):
    """The handler of `account_closed`. The second time there is nothing left to erase."""

    def __init__(self, broker: Broker, database: Database) -> None:
        super().__init__(broker, database, ACCOUNT_CLOSED, HANDLER, self._erase)

    @staticmethod
    def _erase(session: Session, payload: Any) -> None:
        store.erase_account(session, account_id=payload["account_id"])
        store.end_account(session, account_id=payload["account_id"])
        store.erase_unsubscribe_page(session, account_id=payload["account_id"])
        store.erase_preferences(session, account_id=payload["account_id"])
        store.erase_named_links(session, account_id=payload["account_id"])
        store.end_short_links(session, account_id=payload["account_id"])
        suspensions.close(session, payload["account_id"])
