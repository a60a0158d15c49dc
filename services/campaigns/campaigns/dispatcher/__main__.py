"""`python -m campaigns.dispatcher`."""

from __future__ import annotations

import os
import threading

from campaigns.config import DispatcherConfig
from campaigns.dispatcher.housekeeping import keep_house
from campaigns.dispatcher.valve import Valve
from chassis.broker import Broker
from chassis.config import load
from chassis.database import Database, make_engine
from chassis.health import HealthServer
from chassis.process import run


def main(stop: threading.Event) -> None:
    config = load(DispatcherConfig, os.environ)
    database = Database(make_engine(config.database_url, pool_size=16, application_name="campaigns.dispatcher"))
    broker = Broker(config.amqp_url, "campaigns.dispatcher").start()
    valve = Valve(config, database, broker)
    checks = {"database": database.ping, "broker": broker.ping, "loop": valve.is_alive}
    health = HealthServer(config.health_port, checks)
    threading.Thread(target=keep_house, args=(database, stop), name="housekeeping", daemon=True).start()
    try:
        valve.run(stop)
    finally:
        health.close()
        broker.close()
        database.dispose()


if __name__ == "__main__":
    run(main, service="campaigns", process="dispatcher")
