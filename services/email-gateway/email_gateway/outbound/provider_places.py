"""This process' part of each provider's connections, renewed by lease: two senders are one to a provider."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from chassis.database import Database
from chassis.ids import new_id
from chassis.logs import get_logger
from email_gateway.smtp.shaping import Allowance
from email_gateway.store import provider_places as store
from email_gateway.store.provider_places import LEASE_SECONDS, Report

RENEW_SECONDS = 1.5
LOOK_SECONDS = 0.1  # for providers that are new: a code may wait for the first connection
USE_SECONDS = LEASE_SECONDS - 2.0  # then another may have what is not renewed
FORGET_SECONDS = 600.0

Key = tuple[str, str]
"""(address of ours, empty: the machine's own; provider)"""
log = get_logger()


class ProviderPlaces:
    """`keep` runs on the loop for as long as the process does.

    :param allowances: all that are shared, by address and provider.
    """

    def __init__(self, database: Database, allowances: Callable[[], Mapping[Key, Allowance]]) -> None:
        self._database, self._allowances = database, allowances
        self._instance_id = new_id()
        self._writing, self._has_left = threading.Lock(), False
        self._renewed_at: dict[Key, float] = {}
        self._forgotten_at = 0.0

    async def keep(self) -> None:
        try:
            while True:
                await self._look()
                await asyncio.sleep(LOOK_SECONDS)
        finally:  # cancelled, when the process ends: all connections are closed
            await self._leave()

    async def _look(self) -> None:
        now = time.monotonic()
        allowances = self._allowances()
        for key, allowance in allowances.items():
            if now - self._renewed_at.get(key, now) > USE_SECONDS:
                allowance.share_is(0)  # the database is away: what is open ends, for others may have the places
        due = [key for key in allowances if now - self._renewed_at.get(key, 0.0) >= RENEW_SECONDS]
        if due:
            await self._renew({key: allowances[key] for key in due}, now)

    async def _renew(self, due: Mapping[Key, Allowance], now: float) -> None:
        reports = [
            Report(source, provider, allowance.most, allowance.taken, allowance.is_busy)
            for (source, provider), allowance in due.items()
        ]
        try:
            granted = await asyncio.to_thread(self._written, reports)
        except Exception as error:
            log.warning("provider_places_not_renewed", error=error)
            return
        for (key, allowance), places in zip(due.items(), granted, strict=False):
            self._renewed_at[key] = now
            allowance.share_is(places)

    def _written(self, reports: Sequence[Report]) -> list[int]:
        granted = []
        with self._writing:
            for report in () if self._has_left else reports:
                with self._database.transaction() as session:
                    granted.append(store.renew(session, self._instance_id, report))
            if time.monotonic() - self._forgotten_at > FORGET_SECONDS:
                with self._database.transaction() as session:
                    store.forget_old(session)
                self._forgotten_at = time.monotonic()
        return granted

    async def _leave(self) -> None:
        try:
            await asyncio.to_thread(self._give_back)
        except Exception as error:  # the leases run out by themselves
            log.warning("provider_places_not_given_back", error=error)

    def _give_back(self) -> None:
        with self._writing:
            self._has_left = True
            with self._database.transaction() as session:
                store.leave(session, self._instance_id)
