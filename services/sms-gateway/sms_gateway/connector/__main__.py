"""`python -m sms_gateway.connector`: boot, run, stop."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from typing import Any
from uuid import UUID

from chassis import process
from chassis.broker import Broker, Delivery
from chassis.config import load
from chassis.database import Database, cursor_of, make_engine
from chassis.health import HealthServer
from chassis.ids import new_id
from chassis.logs import get_logger
from chassis.secrets import Vault
from contracts.lanes import channel_lane
from contracts.vocabulary import Channel, Lane
from sms_gateway.config import ConnectorConfig
from sms_gateway.connector.engine import Engine
from sms_gateway.connector.keeper import Keeper
from sms_gateway.connector.ledger import LedgerThread
from sms_gateway.connector.publisher import Publisher
from sms_gateway.store import directory, keeping
from sms_gateway.work import Content

log = get_logger()

# Of the prompt lanes, each batch is one request: many of them may be under way.
PROMPT_PREFETCH = 200
# The connector asks for single rows by id or by index; a sequential scan of a partition is always the wrong plan.
PLANNER = (
    "-c enable_seqscan=off -c enable_bitmapscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
    " -c enable_material=off -c plan_cache_mode=force_custom_plan -c jit=off"
)


class Connector:
    """The parts of one connector process, wired."""

    def __init__(self, config: ConnectorConfig, stop: threading.Event) -> None:
        self._config = config
        self._stop = stop
        self._failed = False
        self._instance_id: UUID = new_id()
        engine = make_engine(_with_options(config.database_url), pool_size=6, application_name="sms_gateway.connector")
        self._database = Database(engine)
        self._ledger_database = Database(
            make_engine(_with_options(config.database_url), pool_size=1, application_name="sms_gateway.ledger")
        )
        self._broker = Broker(config.amqp_url, "sms_gateway.connector")

    async def run(self) -> None:
        """Until the stop event; then finish what is under way, or give it back."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._on_loop_error)
        engine = Engine(self._load_content, self._config.claim_ahead)
        ledger = LedgerThread(
            self._ledger_database, self._instance_id, engine.on_committed, self._fail, self._config.linger
        )
        publisher = Publisher(self._broker, ledger.published)
        engine.ledger, engine.publisher = ledger, publisher
        keeper = Keeper(
            self._database,
            Vault(self._config.secret_keys),
            self._instance_id,
            publisher,
            is_hungry=engine.is_hungry,
            on_directory=lambda carriers, router: loop.call_soon_threadsafe(engine.use_directory, carriers, router),
            on_due=lambda chunks: loop.call_soon_threadsafe(engine.adopt, chunks),
        )
        engine.on_carrier_up = keeper.carrier_is_up
        ledger.keeper = keeper.waker
        checks = {"broker": self._broker.ping, "database": self._database.ping}
        health = HealthServer(self._config.health_port, checks)
        await loop.run_in_executor(None, self._broker.start)
        await loop.run_in_executor(None, keeper.start_up)
        ledger.start()
        keeping_up = threading.Thread(target=keeper.run, args=(self._stop,), name="keeper", daemon=True)
        keeping_up.start()
        await self._wait_for_carriers(engine)
        self._consume(engine, loop)
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        await loop.run_in_executor(None, self._stop.wait)
        # The keeper first: what it takes out of the schedule must still find the ledger.
        await loop.run_in_executor(None, keeping_up.join, 5.0)
        await engine.stop()
        await loop.run_in_executor(None, ledger.stop)
        if not self._failed:
            with self._database.transaction() as session:
                keeping.forget_instance(cursor_of(session), self._instance_id)
        await loop.run_in_executor(None, self._broker.close)
        health.close()
        if self._failed:
            raise RuntimeError("a part of the connector failed; see the log before")

    async def _wait_for_carriers(self, engine: Engine) -> None:
        """A moment for the binds, so that the first batches do not find every carrier down."""
        for _ in range(20):
            await asyncio.sleep(0.1)
            if engine.carriers and all(carrier.is_up for carrier in engine.carriers.values()):
                return

    def _consume(self, engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
        for lane in (Lane.OTP, Lane.TRANSACTIONAL, Lane.BULK):
            prefetch = self._config.bulk_prefetch if lane is Lane.BULK else PROMPT_PREFETCH

            def on_delivery(delivery: Delivery, lane: Lane = lane) -> None:
                loop.call_soon_threadsafe(engine.on_delivery, lane, delivery)

            self._broker.consume(channel_lane(Channel.SMS, lane), on_delivery, prefetch=prefetch)

    def _load_content(self, content_hash: str) -> Content | None:
        with self._database.transaction() as session:
            row = directory.content(session, content_hash)
            return None if row is None else Content(row.account_id, row.sender, row.content)

    def _on_loop_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A failed callback may have dropped claimed messages: end, and let the sweepers settle what was claimed."""
        error = context.get("exception")
        log.error("loop_error", message=context.get("message"), error=repr(error), exc_info=error)
        if "handle" in context or "task" in context:
            self._fail()

    def _fail(self) -> None:
        self._failed = True
        self._stop.set()


def _with_options(url: str) -> str:
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}options={PLANNER.replace(' ', '%20').replace('=', '%3D')}"


def main(stop: threading.Event) -> None:
    asyncio.run(Connector(load(ConnectorConfig, os.environ), stop).run())


if __name__ == "__main__":
    process.run(main, service="sms_gateway", process="connector")
