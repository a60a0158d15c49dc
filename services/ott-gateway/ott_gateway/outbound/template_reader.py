"""Reads the templates of numbers: of each now and then, at once where somebody asks or WhatsApp tells of a change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from chassis.database import Database
from chassis.logs import get_logger
from chassis.secrets import SecretError
from ott_gateway.models import Sender
from ott_gateway.outbound.directory import Directory
from ott_gateway.store import senders, templates
from ott_gateway.wires.whatsapp import TemplatesUnread, Whatsapp

LOOK_SECONDS = 1.0
LEASE = timedelta(minutes=5)  # longer than a reading takes; who dies over it is followed by another then
AGAIN = timedelta(minutes=1)  # after one that failed

log = get_logger()


class _Claimed(NamedTuple):
    sender: Sender
    leased_until: datetime


class TemplateReader:
    """:param every: how often the templates of a number are read. :param is_over: whether the process ends."""

    def __init__(
        self, database: Database, directory: Directory, whatsapp: Whatsapp, every: timedelta,
        is_over: Callable[[], bool],
    ) -> None:  # fmt: skip
        self._database, self._directory, self._whatsapp = database, directory, whatsapp
        self._every, self._is_over = every, is_over

    async def run(self) -> None:
        """Until the process ends; a failure is logged and tried again."""
        while not self._is_over():
            try:
                has_read = await self._read_one()
            except Exception as error:
                log.warning("templates_not_read", error=error)
                has_read = False
            if not has_read:
                await asyncio.sleep(LOOK_SECONDS)

    async def _read_one(self) -> bool:
        """Whether there was one to read. No transaction is open while WhatsApp is asked."""
        claimed = await asyncio.to_thread(self._claim)
        if claimed is None:
            return False
        try:
            found, problem = await self._whatsapp.templates(self._directory.opened(claimed.sender)), None
        except SecretError as error:
            found, problem = [], str(error)
        except TemplatesUnread as unread:
            found, problem = [], str(unread)
        await asyncio.to_thread(self._keep, claimed, found, problem)
        return True

    def _claim(self) -> _Claimed | None:
        with self._database.transaction() as session:
            claimed = senders.claim_due_templates(session, LEASE)
            sender = claimed and senders.find(session, claimed[0])
            if claimed is None or sender is None:
                return None
            session.expunge(sender)  # read whole: its token is opened once the claim holds
            return _Claimed(sender, claimed[1])

    def _keep(self, claimed: _Claimed, found: list[dict[str, Any]], problem: str | None) -> None:
        sender_id, account_id = claimed.sender.id, claimed.sender.account_id
        now = datetime.now(UTC)
        due_at = now + (AGAIN if problem else self._every)
        with self._database.transaction() as session:
            if problem is None and senders.find(session, sender_id, for_update=True) is not None:
                templates.replace(session, account_id=account_id, sender_id=sender_id, found=found)
            senders.note_templates(
                session, sender_id, leased_until=claimed.leased_until, now=now, problem=problem, due_at=due_at
            )
