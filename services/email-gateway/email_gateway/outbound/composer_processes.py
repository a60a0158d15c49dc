"""Composing in processes of its own: rendering and signing take two thirds of a message's time, and one Python
process has one core for everything but RSA itself. On threads a sender reached 1,079 a second with a core idle.

A chunk goes to a worker whole and comes back whole. A worker that dies costs nothing: its chunk is composed again, for
composing has no effect. Workers end with the sender, however it ends.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from chassis import logs
from chassis.config import load
from chassis.database import Database, make_engine
from chassis.secrets import Vault
from email_gateway.batches import Made, ToCompose
from email_gateway.config import OutboundConfig
from email_gateway.content.compose import Links
from email_gateway.outbound.composers import Composers

ORPHAN_POLL_SECONDS = 1.0

_composers: Composers | None = None


def composers_of(config: OutboundConfig, database: Database) -> Composers:
    """What loads contents and keys and composes with them."""
    links = Links(public_url=config.public_url.rstrip("/"), key=config.link_key, return_path_key=config.return_path_key)
    return Composers(database, Vault(config.secret_keys), links)


class ComposingProcesses:
    """A pool of workers; thread-safe."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._lock = threading.Lock()
        self._pool = self._start()

    def compose(self, messages: Sequence[ToCompose], at: int) -> list[Made]:
        """The bytes of each message, or why there are none; blocks until a worker has done it.

        :raises sqlalchemy.exc.SQLAlchemyError: the database does not answer; trying again later is right.
        """
        while True:
            pool = self._pool
            try:
                return pool.submit(_compose, messages, at).result()
            except BrokenProcessPool:
                logs.get_logger().warning("composing_worker_died")
                with self._lock:
                    if self._pool is pool:
                        self._pool = self._start()

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _start(self) -> ProcessPoolExecutor:
        # Spawned, not forked: this process has threads and open connections.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._workers, context, _open, (os.getpid(),))


def _open(parent: int) -> None:
    """Make a worker ready: its own database connection; it ends with its parent and not by a signal meant for that."""
    global _composers
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), name="orphan-watch", daemon=True).start()
    logs.configure("email_gateway", "composer")
    config = load(OutboundConfig, os.environ)
    database = Database(make_engine(config.database_url, pool_size=1, application_name="email-composer"))
    _composers = composers_of(config, database)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(ORPHAN_POLL_SECONDS)
    os._exit(0)


def _compose(messages: Sequence[ToCompose], at: int) -> list[Made]:
    if _composers is None:
        raise RuntimeError("the worker was not made ready")
    return _composers.compose(messages, at)
