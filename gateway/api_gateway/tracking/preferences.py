"""What the unsubscribe link of a message shows: the page of its campaign, and the lists that its person may leave.

All of it is told to us and kept, so that it is shown with every service down. Which lists a person is on we do not
know: whoever has got a forwarded mail learns nothing of it, and to leave one that they are not on is harmless.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from api_gateway import store
from api_gateway.event_handling import EventHandling
from api_gateway.tracking.brands import Brands, Page
from api_gateway.tracking.lookups import Lookups
from chassis.broker import Broker
from chassis.database import Database
from contracts.events import CAMPAIGN_PAGE_SET, PUBLIC_LIST_CHANGED, UNSUBSCRIBE_PAGE_WRITTEN
from contracts.tokens import Token

REMEMBER_SECONDS = 10.0
MOST_REMEMBERED = 500


class PublicList(NamedTuple):
    """:ivar texts: name and description by language. :ivar is_of_send: the message was sent to it."""

    group_id: UUID
    texts: Mapping[str, Mapping[str, str]]
    is_of_send: bool


class Shown(NamedTuple):
    """:ivar page: none: Wici's own."""

    page: Page | None
    lists: Sequence[PublicList]


_Own = tuple[Page | None, Sequence[PublicList]]


class Preferences:
    """Where the database cannot be asked they are those that were read last, else the account's page without lists."""

    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[Session]],
        brands: Brands,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lookups = Lookups(transaction)
        self._brands = brands
        self._clock = clock
        self._known: OrderedDict[tuple[UUID, UUID | None], tuple[float, _Own]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, token: Token) -> Shown:
        own_page, lists = self._own(token.account_id, token.campaign_id)
        return Shown(own_page or self._brands.of(token.account_id), lists if token.contact_id else ())

    def _own(self, account_id: UUID, campaign_id: UUID | None) -> _Own:
        """The page of the campaign, and the account's lists."""
        key = (account_id, campaign_id)
        with self._lock:
            known = self._known.get(key)
        if known is not None and self._clock() - known[0] < REMEMBER_SECONDS:
            return known[1]
        try:
            found: _Own = self._lookups.ask(lambda session: _read(session, account_id, campaign_id))
        except Exception:
            return known[1] if known else (None, ())
        with self._lock:
            self._known[key] = (self._clock(), found)
            self._known.move_to_end(key)
            while len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)
        return found


def _read(session: Session, account_id: UUID, campaign_id: UUID | None) -> _Own:
    page, sent_to = None, list[UUID]()
    if campaign_id is not None:
        page, sent_to = store.campaign_page(session, account_id=account_id, campaign_id=campaign_id)
    texts = store.public_lists(session, account_id=account_id)
    lists = [PublicList(group_id, said, group_id in sent_to) for group_id, said in texts.items()]
    return page, sorted(lists, key=lambda one: not one.is_of_send)


class WrittenPageIntake(EventHandling):
    """The handler of `unsubscribe_page_written`. What is told late changes nothing."""

    def __init__(self, broker: Broker, database: Database) -> None:
        super().__init__(broker, database, UNSUBSCRIBE_PAGE_WRITTEN, "keep_written_page", self._keep)

    @staticmethod
    def _keep(session: Session, payload: Any) -> None:
        page = None
        if payload["brand"] is not None:
            page = {"id": str(payload["page_id"]), "brand": payload["brand"], "texts": payload["texts"]}
        if payload["account_id"] not in store.ended_accounts(session):
            store.keep_written_page(session, page=page, **_of(payload, "page_id", "account_id", "version"))


class CampaignPageIntake(EventHandling):
    """The handler of `campaign_page_set`."""

    def __init__(self, broker: Broker, database: Database) -> None:
        super().__init__(broker, database, CAMPAIGN_PAGE_SET, "keep_campaign_page", self._keep)

    @staticmethod
    def _keep(session: Session, payload: Any) -> None:
        if payload["account_id"] not in store.ended_accounts(session):
            store.keep_campaign_page(session, **_of(payload, "campaign_id", "account_id", "page_id", "group_ids"))


class PublicListIntake(EventHandling):
    """The handler of `public_list_changed`. What is told late changes nothing."""

    def __init__(self, broker: Broker, database: Database) -> None:
        super().__init__(broker, database, PUBLIC_LIST_CHANGED, "keep_public_list", self._keep)

    @staticmethod
    def _keep(session: Session, payload: Any) -> None:
        if payload["account_id"] not in store.ended_accounts(session):
            store.keep_public_list(session, **_of(payload, "group_id", "account_id", "version", "texts"))


def _of(payload: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: payload[name] for name in names}
