"""`python -m campaigns.dispatcher`."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from campaigns.config import DispatcherConfig, FilesConfig
from campaigns.dispatcher.loop import Dispatcher
from campaigns.store.leases import GOES_AT
from campaigns.usecases import files, links
from campaigns.usecases.attachments import Attachments
from campaigns.usecases.dispatch import forget_old_batches
from chassis.backlogs import Backlog, age_of
from chassis.config import load
from chassis.process import Process, boot

_BY_STATE = "SELECT state, count(*) FROM campaigns WHERE state IN ('scheduled', 'sending', 'paused') GROUP BY 1"
POOL_SIZE = 10  # connections (contracts.connections)

TIDY_SECONDS = 3600.0
FILES_SECONDS = 60.0

BACKLOGS = (
    Backlog("wici_campaigns", "Campaigns that are not over, by state", _BY_STATE, ("state",)),
    age_of(
        "wici_campaigns_overdue_seconds",
        "How long the most overdue campaign should have begun",
        GOES_AT,
        "campaigns WHERE state = 'scheduled' AND NOT awaits_approval",
    ),
)


def main(process: Process[DispatcherConfig]) -> None:
    process.backlogs.add(*BACKLOGS)
    relay = process.relay_outbox()
    process.every(TIDY_SECONDS, lambda: forget_old_batches(process.database), "housekeeping")
    process.every(TIDY_SECONDS, lambda: links.forget_old_clicks(process.database, datetime.now(UTC)), "clicks")
    objects = load(FilesConfig, os.environ).objects()
    process.every(FILES_SECONDS, lambda: files.let_go(process.database, objects, datetime.now(UTC)), "files")
    attachments = Attachments(process.database, objects)
    dispatcher = Dispatcher(process.config, process.database, process.broker, attachments, relay.poke)
    process.checks["loop"] = dispatcher.progress.check
    dispatcher.run(process.stop)


if __name__ == "__main__":
    boot(main, DispatcherConfig, service="campaigns", name="dispatcher", pool_size=POOL_SIZE)
