"""Tells Viber where each bot's reports go, once it is set up; again where Viber did not take it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from channel.providers.due_senders import DueSenders
from chassis.database import Database
from chassis.secrets import SecretError
from viber_gateway.models import Sender
from viber_gateway.outbound.directory import Directory
from viber_gateway.store import senders
from viber_gateway.wires.viber import HookRefused, Viber

AGAIN = timedelta(seconds=15)  # after one that failed


class HookSetter(DueSenders[Sender]):
    """:param public_url: of the gateway."""

    senders, due, lease, failed = senders.SENDERS, "hook_due_at", timedelta(minutes=2), "hook_not_set"

    def __init__(
        self, database: Database, directory: Directory, viber: Viber, public_url: str, is_over: Callable[[], bool]
    ) -> None:
        super().__init__(database, is_over)
        self._directory, self._viber, self._public_url = directory, viber, public_url.rstrip("/")

    async def perform(self, sender: Sender, leased_until: datetime) -> None:
        """Viber asks the hook meanwhile."""
        problem = None
        try:
            address = f"{self._public_url}/hooks/viber/{sender.hook_name}"
            await self._viber.set_webhook(self._directory.opened(sender).auth_token, address)
        except (HookRefused, SecretError) as refused:
            problem = str(refused)
        await asyncio.to_thread(self._keep, sender, leased_until, problem)

    def _keep(self, sender: Sender, leased_until: datetime, problem: str | None) -> None:
        now = datetime.now(UTC)
        with self.database.transaction() as session:
            senders.note_hook(
                session, sender.id, leased_until=leased_until, now=now, problem=problem, due_at=now + AGAIN
            )
