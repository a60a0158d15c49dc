"""Named links of accounts, as campaigns tells of them: kept, so that they are followed with every service down."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from api_gateway import store
from api_gateway.event_handling import EventHandling
from api_gateway.tracking.lookups import Lookups
from api_gateway.tracking.short_links import Missing
from chassis.broker import Broker
from chassis.database import Database
from contracts.events import NAMED_LINK_CHANGED

REMEMBER_SECONDS = 10.0
MOST_REMEMBERED = 2_000


class NamedLink(NamedTuple):
    """:ivar target: none: it was deleted."""

    link_id: UUID
    account_id: UUID
    target: str | None
    expires_at: datetime | None

    def is_over(self, now: datetime) -> bool:
        return self.target is None or (self.expires_at is not None and self.expires_at <= now)


class NamedLinks:
    """The link of a suffix. Where the database cannot be asked it is the one that was read last."""

    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[Session]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lookups = Lookups(transaction)
        self._clock = clock
        self._links: OrderedDict[str, tuple[float, NamedLink | None]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, suffix: str) -> NamedLink | Missing:
        with self._lock:
            known = self._links.get(suffix)
        if known is not None and self._clock() - known[0] < REMEMBER_SECONDS:
            return known[1] or Missing.UNKNOWN
        try:
            row = self._lookups.ask(lambda session: store.named_link(session, suffix=suffix))
        except Exception:
            return (known[1] or Missing.UNKNOWN) if known else Missing.NOT_YET
        link = None if row is None else NamedLink(*row)
        with self._lock:
            self._links[suffix] = (self._clock(), link)
            self._links.move_to_end(suffix)
            while len(self._links) > MOST_REMEMBERED:
                self._links.popitem(last=False)
        return link or Missing.UNKNOWN


class NamedLinkIntake(EventHandling):
    """The handler of `named_link_changed`. What is told late changes nothing."""

    def __init__(self, broker: Broker, database: Database) -> None:
        super().__init__(broker, database, NAMED_LINK_CHANGED, "keep_named_link", self._keep)

    @staticmethod
    def _keep(session: Session, payload: Any) -> None:
        names = ("link_id", "account_id", "version", "suffix", "target", "expires_at")
        if payload["account_id"] not in store.ended_accounts(session):
            store.keep_named_link(session, **{name: payload[name] for name in names})
