"""Reads the templates of numbers: of each now and then, at once where somebody asks or WhatsApp tells of a change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from channel.providers.due_senders import DueSenders
from chassis.database import Database
from chassis.secrets import SecretError
from ott_gateway.models import Sender
from ott_gateway.outbound.directory import Directory
from ott_gateway.store import senders, templates
from ott_gateway.wires.whatsapp import TemplatesUnread, Whatsapp

AGAIN = timedelta(minutes=1)  # after one that failed


class TemplateReader(DueSenders[Sender]):
    """:param every: how often the templates of a number are read."""

    senders, due, lease, failed = senders.SENDERS, "templates_due_at", timedelta(minutes=5), "templates_not_read"

    def __init__(
        self, database: Database, directory: Directory, whatsapp: Whatsapp, every: timedelta,
        is_over: Callable[[], bool],
    ) -> None:  # fmt: skip
        super().__init__(database, is_over)
        self._directory, self._whatsapp, self._every = directory, whatsapp, every

    async def perform(self, sender: Sender, leased_until: datetime) -> None:
        found: list[dict[str, Any]] = []
        problem = None
        try:
            found = await self._whatsapp.templates(self._directory.opened(sender))
        except (SecretError, TemplatesUnread) as error:
            problem = str(error)
        await asyncio.to_thread(self._keep, sender, leased_until, found, problem)

    def _keep(self, sender: Sender, leased_until: datetime, found: list[dict[str, Any]], problem: str | None) -> None:
        now = datetime.now(UTC)
        due_at = now + (AGAIN if problem else self._every)
        with self.database.transaction() as session:
            if problem is None and senders.find(session, sender.id, for_update=True) is not None:
                templates.replace(session, account_id=sender.account_id, sender_id=sender.id, found=found)
            senders.note_templates(
                session, sender.id, leased_until=leased_until, now=now, problem=problem, due_at=due_at
            )
