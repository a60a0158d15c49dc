"""This process' part of each provider's connections and rate, renewed by lease: two senders are one to a provider."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chassis.database import Database
from chassis.ids import new_id
from chassis.logs import get_logger
from email_gateway.smtp.shaping import Allowance
from email_gateway.store import provider_places as store
from email_gateway.store.provider_places import LEASE_SECONDS, Granted, Report

RENEW_SECONDS = 1.5
LOOK_SECONDS = 0.1  # for providers that are new: a code may wait for the first connection
USE_SECONDS = LEASE_SECONDS - 2.0  # then another may have what is not renewed
REST_SECONDS = 0.5  # after a failure
IDLE_SECONDS = 60.0  # then a provider's part is renewed no more, until there is mail for it again
FORGET_SECONDS = 600.0

Key = tuple[str, str]
"""(address of ours, empty: the machine's own; provider)"""
log = get_logger()


@dataclass(slots=True)
class _Lease:
    """What this process was granted. :param renewed_at: when that was asked for. :param due_at: the next asking."""

    renewed_at: float
    due_at: float
    used_at: float


class ProviderPlaces:
    """`keep` runs on the loop for as long as the process does.

    :param allowances: all that are shared, by address and provider.
    """

    def __init__(self, database: Database, allowances: Callable[[], Mapping[Key, Allowance]]) -> None:
        self._database, self._allowances = database, allowances
        self._instance_id = new_id()
        self._writing, self._has_left = threading.Lock(), False
        self._leases: dict[Key, _Lease] = {}
        self._forgotten_at = 0.0

    async def keep(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_renewing())
                tasks.create_task(self._keep_ending())
        finally:  # cancelled, when the process ends: all connections are closed
            await self._leave()

    async def _keep_ending(self) -> None:
        """Beside the renewing, for that waits for the database."""
        while True:
            self._end_what_is_over()
            # None is over within a second of being granted, so where there are none nobody looks ten times.
            await asyncio.sleep(LOOK_SECONDS if self._leases else 1.0)

    def _end_what_is_over(self) -> None:
        now, allowances = time.monotonic(), self._allowances()
        for key, lease in list(self._leases.items()):
            allowance = allowances.get(key)
            if allowance is not None and _is_wanted(allowance):
                lease.used_at = now
            is_idle = now - lease.used_at > IDLE_SECONDS
            if allowance is None or is_idle or now - lease.renewed_at > USE_SECONDS:
                del self._leases[key]
                if allowance is not None:  # what is open ends, for others may have the places
                    _share_is(allowance, Granted(0))

    async def _keep_renewing(self) -> None:
        while True:
            now = time.monotonic()
            due = {key: allowance for key, allowance in self._allowances().items() if self._is_due(key, allowance, now)}
            has_failed = bool(due) and not await self._renew(due, now)
            await asyncio.sleep(REST_SECONDS if has_failed else LOOK_SECONDS)

    def _is_due(self, key: Key, allowance: Allowance, now: float) -> bool:
        lease = self._leases.get(key)
        return now >= lease.due_at if lease else _is_wanted(allowance)

    async def _renew(self, due: Mapping[Key, Allowance], now: float) -> bool:
        """Whether it could be done.

        Until the answer connections are opened by the share that was, so all of it is reported as held.
        """
        reports = [_report(key, allowance) for key, allowance in due.items()]
        try:
            granted = await asyncio.to_thread(self._written, reports)
        except Exception as error:
            log.warning("provider_places_not_renewed", error=error)
            return False
        if time.monotonic() - now > USE_SECONDS:  # too late to be used: others may have the places soon
            return False
        for (key, allowance), part in zip(due.items(), granted, strict=False):
            lease = self._leases.get(key)
            if lease is None and not _is_wanted(allowance):  # meanwhile nobody wants it any more
                continue
            # What is given up is the others' once that is written.
            due_at = now if part.places < allowance.share else now + RENEW_SECONDS
            self._leases[key] = _Lease(now, due_at, lease.used_at if lease else now)
            _share_is(allowance, part)
        return True

    def _written(self, reports: Sequence[Report]) -> list[Granted]:
        with self._writing:
            if self._has_left:
                return []
            with self._database.transaction() as session:
                granted = store.renew(session, self._instance_id, reports)
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


def _report(key: Key, allowance: Allowance) -> Report:
    held, rate = max(allowance.taken, allowance.share), allowance.rate
    of_rate = (rate.most, rate.held) if rate is not None else ()
    return Report(*key, allowance.most, held, allowance.is_busy, *of_rate)


def _share_is(allowance: Allowance, part: Granted) -> None:
    if allowance.rate is not None:
        allowance.rate.share_is(part.rate)
    allowance.share_is(part.places)


def _is_wanted(allowance: Allowance) -> bool:
    return allowance.is_busy or allowance.taken > 0
