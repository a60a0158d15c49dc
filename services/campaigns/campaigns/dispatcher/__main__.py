"""`python -m campaigns.dispatcher`."""

from __future__ import annotations

from campaigns.config import DispatcherConfig
from campaigns.dispatcher.loop import Dispatcher
from campaigns.usecases.dispatch import forget_old_batches
from chassis.process import Process, boot

POOL_SIZE = 10  # connections (contracts.connections)

TIDY_SECONDS = 3600.0


def main(process: Process[DispatcherConfig]) -> None:
    relay = process.relay_outbox()
    process.every(TIDY_SECONDS, lambda: forget_old_batches(process.database), "housekeeping")
    dispatcher = Dispatcher(process.config, process.database, process.broker, relay.poke)
    process.checks["loop"] = dispatcher.progress.check
    dispatcher.run(process.stop)


if __name__ == "__main__":
    boot(main, DispatcherConfig, service="campaigns", name="dispatcher", pool_size=POOL_SIZE)
