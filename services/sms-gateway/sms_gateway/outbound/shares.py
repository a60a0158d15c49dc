"""This process's part of each carrier's rate, renewed by lease; what it tells of the carriers goes with it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from uuid import UUID

import orjson

from chassis.database import Database
from chassis.ids import new_id
from chassis.logs import get_logger
from sms_gateway.outbound.carrier_view import view
from sms_gateway.outbound.carriers import CarrierOutlet
from sms_gateway.store import carrier_instances
from sms_gateway.store.carrier_instances import LEASE_SECONDS, READS_OWN_CONTENTS, Report

# Longer than a second: what a report gives up has been sent by nobody in the second before the next one frees it.
RENEW_SECONDS = 1.5
LOOK_SECONDS = 0.25  # for carriers that are new
# What was sent under a lease has been sent for more than a second when the lease ends.
USE_SECONDS = LEASE_SECONDS - 2.0
SENT_SECONDS = 1.1  # what was sent counts for a second, by clocks that run a little apart

log = get_logger()


class Shares:
    """`keep` runs on the loop for as long as the process does."""

    def __init__(self, database: Database, carriers: Callable[[], Sequence[CarrierOutlet]]) -> None:
        self._database = database
        self._carriers = carriers
        self._instance_id = new_id()
        self._writing, self._has_left = threading.Lock(), False
        self._granted: dict[UUID, tuple[int, float]] = {}  # parts a second, and when their use ends
        self._renewed_at: dict[UUID, float] = {}

    async def keep(self) -> None:
        try:
            await self._keep()
        finally:  # cancelled, when the process ends: all binds are closed
            await self._leave()

    async def _keep(self) -> None:
        while True:
            now = time.monotonic()
            due = [each for each in self._carriers() if now - self._renewed_at.get(each.id, 0.0) >= RENEW_SECONDS]
            if due:
                await self._renew(due, now)
            await asyncio.sleep(LOOK_SECONDS)

    async def _renew(self, carriers: Sequence[CarrierOutlet], now: float) -> None:
        reports = [self._report(carrier, now) for carrier in carriers]
        try:
            granted = await asyncio.to_thread(self._written, reports)
        except Exception as error:  # the lease runs out, and nothing is sent, until the database is there again
            log.warning("carrier_rates_not_renewed", error=error)
            return
        for carrier, rate in zip(carriers, granted, strict=True):
            self._granted[carrier.id] = rate, now + USE_SECONDS
            self._renewed_at[carrier.id] = time.monotonic()
            if carrier.settings.rate:
                carrier.may_send(rate, until=now + USE_SECONDS)

    def _report(self, carrier: CarrierOutlet, now: float) -> Report:
        held, until = self._granted.get(carrier.id, (0, 0.0))
        if now > until + SENT_SECONDS:
            held = 0
        return Report(carrier.id, carrier.settings.rate, held, carrier.is_busy, _state(carrier))

    def _written(self, reports: Sequence[Report]) -> list[int]:
        granted = []
        with self._writing:
            for report in () if self._has_left else reports:
                with self._database.transaction() as session:
                    granted.append(carrier_instances.renew(session, self._instance_id, report))
        return granted

    async def _leave(self) -> None:
        """Give all shares back: at once, or when what was sent has been sent for a second."""
        now = time.monotonic()
        left = [(each.id, SENT_SECONDS if each.pace.sent_in_second(now) else 0.0) for each in self._carriers()]
        try:
            await asyncio.to_thread(self._give_back, left)
        except Exception as error:  # the leases run out by themselves
            log.warning("carrier_rates_not_given_back", error=error)

    def _give_back(self, left: Sequence[tuple[UUID, float]]) -> None:
        with self._writing:
            self._has_left = True
            with self._database.transaction() as session:
                for carrier_id, seconds in left:
                    carrier_instances.leave(session, self._instance_id, carrier_id, seconds)


def _state(carrier: CarrierOutlet) -> str:
    return orjson.dumps(view(carrier) | {READS_OWN_CONTENTS: True}).decode()
