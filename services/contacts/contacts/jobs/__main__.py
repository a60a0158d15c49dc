"""`python -m contacts.jobs`: claims jobs and runs them, and records the engagement that reporting sends.

Any number of these may run, and any may be killed.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime

from chassis import erasures, seals
from chassis.backlogs import Backlog
from chassis.logs import get_logger
from chassis.process import Process, boot
from chassis.rpc_client import RpcClient
from chassis.waking import Waker
from contacts.config import JobsConfig
from contacts.jobs import engagement, worker
from contacts.jobs.worker import JobLeases, Worker
from contacts.store.jobs import JOBS

# Of connections to the database: an import adds over two and stores over a third while it asks whether others wait.
POOL_SIZE_OF_A_WORKER = 4
POOL_SIZE = 5  # of leases, engagement and the rest

_UNFINISHED = "FROM jobs WHERE state IN ('waiting', 'running') GROUP BY 1"
BACKLOGS = (
    Backlog(
        "wici_jobs",
        "Imports, exports and other jobs that are not over",
        f"SELECT kind, count(*) {_UNFINISHED}",
        ("kind",),
    ),
    Backlog(
        "wici_jobs_oldest_seconds",
        "How long the oldest of them has waited or run",
        f"SELECT kind, extract(epoch FROM now() - min(queued_at)) {_UNFINISHED}",
        ("kind",),
    ),
)

log = get_logger()


def main(process: Process[JobsConfig]) -> None:
    erasures.check_keys()
    # Rows come by the ten thousand and die young; looking for cycles among them costs a sixth of reading a file.
    gc.set_threshold(50_000, 20, 20)
    process.backlogs.add(*BACKLOGS)
    database, config = process.database, process.config
    leases, recorder = JobLeases(database), engagement.Recorder(database)
    # In the background until the workers have given their jobs back: the leases hold until then.
    process.every(worker.RENEW_SECONDS, leases.renew, "leases")
    process.every(worker.SWEEP_SECONDS, lambda: worker.sweep(database), "sweep")
    process.every(
        engagement.UPKEEP_SECONDS,
        lambda: engagement.tidy(database, datetime.now(UTC).date(), config.engagement_days),
        "engagement-upkeep",
    )
    recorder.consume(process.broker)
    process.background(recorder.run, "engagement")
    runners = worker.runners_that_ask(RpcClient(process.broker, seals.passed_on).call)
    # A pool of their own: a renewal waits for no worker's connection.
    pool = process.open_database(pool_size=POOL_SIZE_OF_A_WORKER * config.workers)
    waker = Waker(pool, JOBS).start(process.stop)
    workers = [Worker(pool, leases, process.stop, runners, waker) for _ in range(config.workers)]
    process.checks["engagement"] = recorder.progress.check
    process.checks |= {f"worker_{number}": each.progress.check for number, each in enumerate(workers)}
    _run(process, workers)
    waker.close()
    pool.dispose()


def _run(process: Process[JobsConfig], workers: Sequence[Worker]) -> None:
    """Run the workers until the process is told to stop; one that fails ends the process, and the others first give
    their jobs back."""
    with ThreadPoolExecutor(len(workers), thread_name_prefix="worker") as pool:
        for ended in as_completed([pool.submit(each.run) for each in workers]):
            if ended.exception() is not None:
                log.error("worker_failed", exc_info=ended.exception())
                process.fail()


if __name__ == "__main__":
    boot(main, JobsConfig, service="contacts", name="jobs", pool_size=POOL_SIZE)
