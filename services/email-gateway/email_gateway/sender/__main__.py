"""`python -m email_gateway.sender`."""

from __future__ import annotations

import asyncio
import os
import threading

from chassis import process
from chassis.broker import Broker
from chassis.config import load
from chassis.database import Database, make_engine
from chassis.health import HealthServer
from chassis.migrate import is_current
from chassis.secrets import Vault
from email_gateway.config import SenderConfig
from email_gateway.sender.app import Sender
from email_gateway.sender.composing import ComposingProcesses, composers_of
from email_gateway.sender.routing import Router


def main(stop: threading.Event) -> None:
    config = load(SenderConfig, os.environ)
    database = Database(make_engine(config.database_url, pool_size=8, application_name="email-sender"))
    router = Router(config, database, Vault(config.secret_keys))
    broker = Broker(config.amqp_url, "email-sender").start()
    composing = ComposingProcesses(config.workers)
    sender = Sender(config, database, broker, composers_of(config, database), composing, router)
    relay_stop = threading.Event()
    relay = threading.Thread(target=sender.relay.run, args=(relay_stop,), name="outbox-relay", daemon=True)
    relay.start()
    health = HealthServer(
        config.health_port,
        {"broker": broker.ping, "database": database.ping, "migrations": lambda: _ensure_current(database)},
    )
    try:
        asyncio.run(sender.run(stop))
    finally:
        relay_stop.set()
        sender.relay.poke()
        relay.join(10)
        broker.close()
        composing.close()
        health.close()


def _ensure_current(database: Database) -> None:
    if not is_current("email_gateway", database.engine):
        raise RuntimeError("the database is not at the newest revision")


if __name__ == "__main__":
    process.run(main, service="email_gateway", process="sender")
