"""Which links lead nowhere any more: of accounts that have ended, to denied domains, and those that are too old.

Links are answered with every service down, so what is in the database is read every few seconds and remembered.
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
from chassis.logs import get_logger
from contracts.tokens import Token

REFRESH_SECONDS = 5.0

log = get_logger()


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

    def refresh(self) -> None:
        """Read which accounts have ended; while the database is away, what was read last holds."""
        try:
            with self._transaction() as session:
                self._ended = store.ended_accounts(session)
        except Exception as error:
            log.warning("endings_not_read", error_type=type(error).__name__)

    def has_ended(self, token: Token) -> bool:
        """Whether the account of a link has ended, or its time is over."""
        return token.account_id in self._ended or self._is_too_old(token)

    def is_denied(self, target: str) -> bool:
        labels = (urlsplit(target).hostname or "").rstrip(".").split(".")
        return any(".".join(labels[start:]) in self._denied for start in range(len(labels)))

    def _is_too_old(self, token: Token) -> bool:
        return bool(self._seconds) and self._now() - token.sent_at.timestamp() > self._seconds
