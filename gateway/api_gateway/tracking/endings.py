"""Which links lead nowhere (any more): of accounts that have ended or are suspended, to denied domains, and old ones.

Links are answered with every service down, so what is in the database is read when it changes and now and then
(`chassis.waking.Watch`), and remembered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy.orm import Session

from api_gateway import store
from chassis import suspensions
from contracts.tokens import Token


class Endings:
    """:param days: after which a link ends; 0: never.
    :param denied_domains: targets there, and below, are not redirected to.
    """

    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[Session]],
        *,
        days: int,
        denied_domains: Collection[str],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._transaction = transaction
        self._seconds = timedelta(days=days).total_seconds()
        self._denied = frozenset(domain.lower().strip(".") for domain in denied_domains)
        self._now = now
        self._ended: frozenset[UUID] = frozenset()
        self._suspended: frozenset[str] = frozenset()

    def look(self) -> None:
        """Read which accounts have ended and which are suspended; what cannot be read stays as it was read last."""
        with self._transaction() as session:
            self._ended, self._suspended = store.ended_accounts(session), suspensions.suspended(session)

    def is_suspended(self, token: Token) -> bool:
        """Whether an operator has stopped the account of a link."""
        return self.is_account_suspended(token.account_id)

    def is_account_suspended(self, account_id: UUID) -> bool:
        return str(account_id) in self._suspended

    def has_ended(self, token: Token) -> bool:
        """Whether the account of a link has ended, or its time is over."""
        return token.account_id in self._ended or self._is_too_old(token)

    def is_denied(self, target: str) -> bool:
        if not self._denied:
            return False
        labels = (urlsplit(target).hostname or "").rstrip(".").split(".")
        return any(".".join(labels[start:]) in self._denied for start in range(len(labels)))

    def _is_too_old(self, token: Token) -> bool:
        return bool(self._seconds) and self._now() - token.sent_at.timestamp() > self._seconds
