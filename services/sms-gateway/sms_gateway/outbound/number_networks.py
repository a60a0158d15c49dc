"""Numbers that messages go to are asked about beside the sending; the next message knows what was told.

Nothing waits for an answer: until there is one, a number is with the network of its range.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import prometheus_client

from chassis.database import Database
from chassis.logs import get_logger
from sms_gateway.domain import networks
from sms_gateway.http_api.number_look_ups import LookUpSettings, NoAnswer, NumberLookUp
from sms_gateway.store import number_networks

MOST_WAITING, MOST_ASKED, AT_ONCE = 20_000, 200_000, 50
REST_SECONDS, AFTER_TROUBLE = 0.5, 5.0
TOLD_AT_ONCE = 20_000
_OVERLAP = timedelta(seconds=5)  # what another process was committing when this one read
LOOK_UPS = prometheus_client.Counter("wici_sms_number_look_ups_total", "Numbers asked about", ["answer"])

log = get_logger()


class NumberNetworks:
    """`want` on the loop, `learn` on the upkeep's thread.

    :param settings: of the carrier that is asked, None where none is.
    """

    def __init__(self, database: Database, settings: Callable[[], LookUpSettings | None]) -> None:
        self._database = database
        self._settings = settings
        self._waiting: dict[str, None] = {}
        self._asked: set[str] = set()
        self._told_to = datetime.now(UTC) - number_networks.KEPT

    def want(self, addresses: Iterable[str]) -> None:
        """Ask about those that nobody here has asked about; when there are too many, not about all."""
        settings = self._settings()
        if settings is None:
            return
        if len(self._asked) > MOST_ASKED:
            self._asked.clear()  # what has an answer is not asked about again all the same
        for address in addresses:
            if address not in self._asked and address.startswith(settings.prefixes):
                if len(self._waiting) >= MOST_WAITING:
                    return
                self._asked.add(address)
                self._waiting[address] = None

    async def run(self) -> None:
        while True:
            settings = self._settings()
            if settings is None or not self._waiting:
                await asyncio.sleep(REST_SECONDS)
                continue
            some = list(self._waiting)[:AT_ONCE]
            for address in some:
                del self._waiting[address]
            try:
                await self.ask(settings, some)
            except Exception as error:
                log.warning("number_look_ups_failed", error=type(error).__name__)
                await asyncio.sleep(AFTER_TROUBLE)

    async def ask(self, settings: LookUpSettings, addresses: list[str]) -> None:
        """Those whose answer is older than the carrier's answers are good for, no faster than it takes them."""
        known = await asyncio.to_thread(self._fresh, settings, addresses)
        look_up, found = NumberLookUp(settings), dict[str, str | None]()
        try:
            for address in addresses:
                if address in known:
                    continue
                pause = asyncio.create_task(asyncio.sleep(1 / settings.rate))
                try:
                    found[address] = await look_up.network_of(address)
                    LOOK_UPS.labels("told").inc()
                except NoAnswer as silence:
                    LOOK_UPS.labels("silent").inc()
                    log.info("number_not_looked_up", reason=str(silence))
                await pause
        finally:
            await look_up.aclose()
        if found:
            await asyncio.to_thread(self._write, found)

    def _fresh(self, settings: LookUpSettings, addresses: list[str]) -> set[str]:
        with self._database.transaction() as session:
            return number_networks.fresh(session, addresses, datetime.now(UTC) - timedelta(days=settings.days))

    def _write(self, found: dict[str, str | None]) -> None:
        with self._database.transaction() as session:
            number_networks.write(session, found)

    def learn(self) -> None:
        """What any process was told since this was asked last."""
        if self._settings() is None:
            return
        with self._database.transaction() as session:
            rows = number_networks.told_since(session, self._told_to - _OVERLAP, TOLD_AT_ONCE)
        for number, network, told_at in rows:
            networks.note_look_up(number, network)
            self._told_to = max(self._told_to, told_at)
