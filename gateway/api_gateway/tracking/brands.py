"""Unsubscribe pages of accounts, as campaigns tells of them: kept, so that they are shown with every service down."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from api_gateway import store
from api_gateway.event_handling import EventHandling
from api_gateway.tracking.lookups import Lookups
from chassis.broker import Broker
from chassis.database import Database
from contracts.events import UNSUBSCRIBE_PAGE_CHANGED

REMEMBER_SECONDS = 10.0
MOST_REMEMBERED = 500  # with its logo a page has up to 100 KB

Page = Mapping[str, Any]
"""`id`, `brand` and `texts`, as `contracts.campaigns.unsubscribe_pages` has them."""


class Brands:
    """The page of an account. Where the database cannot be asked it is the one that was read last, else none."""

    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[Session]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lookups = Lookups(transaction)
        self._clock = clock
        self._pages: OrderedDict[UUID, tuple[float, Page | None]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, account_id: UUID) -> Page | None:
        """None: Wici's own page."""
        with self._lock:
            known = self._pages.get(account_id)
        if known is not None and self._clock() - known[0] < REMEMBER_SECONDS:
            return known[1]
        try:
            page: Page | None = self._lookups.ask(
                lambda session: store.unsubscribe_page(session, account_id=account_id)
            )
        except Exception:
            return known[1] if known else None
        with self._lock:
            self._pages[account_id] = (self._clock(), page)
            self._pages.move_to_end(account_id)
            while len(self._pages) > MOST_REMEMBERED:
                self._pages.popitem(last=False)
        return page


class UnsubscribePageIntake(EventHandling):
    """The handler of `unsubscribe_page_changed`. What is told late changes nothing."""

    def __init__(self, broker: Broker, database: Database) -> None:
        super().__init__(broker, database, UNSUBSCRIBE_PAGE_CHANGED, "keep_unsubscribe_page", self._keep)

    @staticmethod
    def _keep(session: Session, payload: Any) -> None:
        has_page = payload["page_id"] is not None
        page = (
            {"id": str(payload["page_id"]), "brand": payload["brand"], "texts": payload["texts"]} if has_page else None
        )
        if payload["account_id"] not in store.ended_accounts(session):
            store.keep_unsubscribe_page(
                session, account_id=payload["account_id"], version=payload["version"], page=page
            )
