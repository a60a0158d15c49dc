"""`python -m reporting.ingester`: any number may run."""

from __future__ import annotations

from datetime import UTC, datetime

from chassis import erasures, seals
from chassis.process import Process, boot
from chassis.rpc_client import RpcClient
from contracts.lanes import DELIVERY_EVENTS
from reporting.config import IngesterConfig
from reporting.ingester import telling
from reporting.ingester.loop import Ingester
from reporting.ingester.upkeep import RETRY_SECONDS, Upkeep
from reporting.usecases import schedules

MAIL_SECONDS = 60.0
POOL_SIZE = 4  # connections (contracts.connections)


def main(process: Process[IngesterConfig]) -> None:
    erasures.check_keys()
    call = RpcClient(process.broker, seals.passed_on).call
    process.every(RETRY_SECONDS, Upkeep(process.database, call, process.stop).step, "upkeep")
    process.every(
        MAIL_SECONDS, lambda: schedules.mail_due(process.database, call=call, now=datetime.now(UTC)), "report-mails"
    )
    # What is new of campaigns' recipients goes to contacts through the outbox.
    process.relay_outbox()
    process.every(telling.EVERY_SECONDS, lambda: telling.tell(process.database), "telling")
    ingester = Ingester(process.database, process.config, process.stop)
    process.checks["ingester"] = ingester.progress.check
    process.broker.consume(DELIVERY_EVENTS, ingester.deliveries.put, prefetch=process.config.prefetch)
    ingester.run()


if __name__ == "__main__":
    boot(main, IngesterConfig, service="reporting", name="ingester", pool_size=POOL_SIZE)
