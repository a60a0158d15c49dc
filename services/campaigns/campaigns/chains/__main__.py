"""`python -m campaigns.chains`: any number may run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from campaigns.chains.hearing import Hearing
from campaigns.chains.working import PeopleWorker, Workers
from campaigns.config import ChainsConfig
from campaigns.usecases import chain_work
from chassis.backlogs import Backlog, age_of
from chassis.process import Process, boot

POOL_SIZE = 6  # connections (contracts.connections): workers of channels, who hears, upkeep
TIDY_SECONDS = 3600.0

BACKLOGS = (
    Backlog(
        "wici_message_chains_open", "Messages over several channels that are not over, by the channel they are on",
        "SELECT channel, count(*) FROM message_chains WHERE channel IS NOT NULL GROUP BY 1", ("channel",),
    ),
    age_of(
        "wici_message_chains_overdue_seconds", "How long the most overdue step has been due", "due_at",
        "message_chains WHERE due_at IS NOT NULL",
    ),
)  # fmt: skip


def main(process: Process[ChainsConfig]) -> None:
    process.backlogs.add(*BACKLOGS)
    process.relay_outbox()
    process.every(
        TIDY_SECONDS, lambda: chain_work.forget_old(process.database, datetime.now(UTC), process.stop), "housekeeping"
    )
    config = process.config
    lease = timedelta(seconds=config.lease_seconds)
    workers = Workers(process.database, process.broker, at_once=config.at_once, lease=lease)
    hearing = Hearing(process.database, process.broker, prefetch=config.prefetch)
    people = PeopleWorker(process.database, process.broker, lease=lease)
    process.checks |= {"hearing": hearing.progress.check, "people": people.progress.check, **workers.checks()}
    process.background(people.run, "people")
    process.background(workers.run, "workers")
    hearing.run(process.stop)


if __name__ == "__main__":
    boot(main, ChainsConfig, service="campaigns", name="chains", pool_size=POOL_SIZE)
