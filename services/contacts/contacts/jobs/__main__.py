"""`python -m contacts.jobs`: claims jobs and runs them, and takes in the engagement that reporting tells of.

Any number of these may run, and any may be killed.
"""

from __future__ import annotations

import gc
import os
import threading

from chassis import config, erasures
from chassis.broker import Broker
from chassis.database import Database, make_engine
from chassis.health import HealthServer
from chassis.process import run
from chassis.rpc_client import RpcClient
from contacts.config import JobsConfig
from contacts.jobs import engagement
from contacts.jobs.worker import Heart, Worker, runners_that_ask


def main(stop: threading.Event) -> None:
    settings = config.load(JobsConfig, os.environ)
    erasures.check_keys()
    # Rows come by the ten thousand and die young; looking for cycles among them costs a sixth of reading a file.
    gc.set_threshold(50_000, 20, 20)
    engine = make_engine(settings.database_url, pool_size=4 * settings.workers + 5, application_name="contacts.jobs")
    database = Database(engine)
    broker = Broker(settings.amqp_url, "contacts-jobs").start()
    health = HealthServer(settings.health_port, {"database": database.ping, "broker": broker.ping})
    heart = Heart(database)
    runners = runners_that_ask(RpcClient(broker).call)
    workers = [Worker(database, heart, stop, runners) for _ in range(settings.workers)]
    threads = [threading.Thread(target=worker.run, name=f"worker-{at}") for at, worker in enumerate(workers)]
    recorder = engagement.Recorder(database, stop)
    recorder.consume(broker)
    upkeep = (database, settings.engagement_days, stop)
    threads += [
        threading.Thread(target=recorder.run, name="engagement"),
        threading.Thread(target=engagement.look_after, args=upkeep, name="engagement-upkeep"),
    ]
    for thread in threads:
        thread.start()
    heart.beat_until(stop)
    for thread in threads:
        thread.join()
    broker.close()
    health.close()
    database.dispose()


if __name__ == "__main__":
    run(main, service="contacts", process="jobs")
