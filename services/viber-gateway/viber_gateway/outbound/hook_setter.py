"""Tells Viber where each bot's reports go, once it is set up; again where Viber did not take it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from chassis.database import Database
from chassis.logs import get_logger
from chassis.secrets import SecretError
from viber_gateway.models import Sender
from viber_gateway.outbound.directory import Directory
from viber_gateway.store import senders
from viber_gateway.wires.viber import HookRefused, Viber

LOOK_SECONDS = 1.0
LEASE = timedelta(minutes=2)  # longer than it takes; who dies over it is followed by another then
AGAIN = timedelta(seconds=15)  # after one that failed

log = get_logger()


class _Claimed(NamedTuple):
    sender: Sender
    leased_until: datetime


class HookSetter:
    """:param public_url: of the gateway. :param is_over: whether the process ends."""

    def __init__(
        self, database: Database, directory: Directory, viber: Viber, public_url: str, is_over: Callable[[], bool]
    ) -> None:
        self._database, self._directory, self._viber = database, directory, viber
        self._public_url, self._is_over = public_url.rstrip("/"), is_over

    async def run(self) -> None:
        """Until the process ends; a failure is logged and tried again."""
        while not self._is_over():
            try:
                has_told = await self._tell_of_one()
            except Exception as error:
                log.warning("hook_not_set", error=error)
                has_told = False
            if not has_told:
                await asyncio.sleep(LOOK_SECONDS)

    async def _tell_of_one(self) -> bool:
        """Whether there was one. No transaction is open while Viber is asked: it asks the hook meanwhile."""
        claimed = await asyncio.to_thread(self._claim)
        if claimed is None:
            return False
        sender, problem = claimed.sender, None
        try:
            address = f"{self._public_url}/hooks/viber/{sender.hook_name}"
            await self._viber.set_webhook(self._directory.opened(sender).auth_token, address)
        except (HookRefused, SecretError) as refused:
            problem = str(refused)
        await asyncio.to_thread(self._keep, claimed, problem)
        return True

    def _claim(self) -> _Claimed | None:
        with self._database.transaction() as session:
            claimed = senders.claim_due_hook(session, LEASE)
            sender = claimed and senders.find(session, claimed[0])
            if claimed is None or sender is None:
                return None
            session.expunge(sender)  # read whole: its token is opened once the claim holds
            return _Claimed(sender, claimed[1])

    def _keep(self, claimed: _Claimed, problem: str | None) -> None:
        now = datetime.now(UTC)
        with self._database.transaction() as session:
            senders.note_hook(
                session, claimed.sender.id, leased_until=claimed.leased_until, now=now, problem=problem,
                due_at=now + AGAIN,
            )  # fmt: skip
