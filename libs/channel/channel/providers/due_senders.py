"""What a provider is asked for one sender after another, beside sending: of each when it is due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, TypeVar

from channel.senders import Senders
from chassis.database import Database
from chassis.logs import get_logger

Row = TypeVar("Row")
LOOK_SECONDS = 1.0

log = get_logger()


class DueSenders(Generic[Row]):
    """A channel's own says what is done for one, in `perform`.

    :cvar due: the column that says when.
    :cvar lease: longer than one takes; who dies over it is followed by another then.
    :cvar failed: what is logged of a failure that nobody foresaw.
    :param is_over: whether the process ends.
    """

    senders: ClassVar[Senders[Any]]
    due: ClassVar[str]
    lease: ClassVar[timedelta]
    failed: ClassVar[str]

    def __init__(self, database: Database, is_over: Callable[[], bool]) -> None:
        self.database, self._is_over = database, is_over

    async def perform(self, sender: Row, leased_until: datetime) -> None:
        """No transaction is open."""
        raise NotImplementedError

    async def run(self) -> None:
        """Until the process ends; a failure is logged and tried again."""
        while not self._is_over():
            try:
                claimed = await asyncio.to_thread(self._claim)
                if claimed is not None:
                    await self.perform(*claimed)
            except Exception as error:
                log.warning(self.failed, error=error)
                claimed = None
            if claimed is None:
                await asyncio.sleep(LOOK_SECONDS)

    def _claim(self) -> tuple[Row, datetime] | None:
        with self.database.transaction() as session:
            return self.senders.claim_due(session, self.due, self.lease)
