"""Waking whoever waits for work in the database, so that nobody has to ask for it many times a second.

    jobs = Waker(database, "jobs").start()
    while not stop.is_set():
        if not work():
            jobs.wait(REST_SECONDS)            # until there is something to do, or so long

    waking.wake(session, "jobs")               # in the transaction that makes work

The transaction's commit wakes: in the same process by an event, which costs nothing, else by NOTIFY, which every other
process hears. A wake can be lost with a connection or a process, so a waiter still looks by itself every few seconds.
"""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import Cursor
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from chassis.database import Database
from chassis.logs import get_logger

# How long an idle waiter rests when nobody wakes it.
REST_SECONDS = 5.0
RECONNECT_SECONDS = 1.0

log = get_logger()


def wake(session: Session, name: str, *, everywhere: bool = False) -> None:
    """Wake who waits for `name`, once this transaction has committed; said twice it is done once.

    Elsewhere by NOTIFY; here `Database.transaction` sets the event.

    :param everywhere: others too where somebody here waits: it is news, and not work that one of them takes.
    """
    woken: set[str] = session.info.setdefault("woken", set())
    if name in woken:
        return
    woken.add(name)
    if everywhere or name not in session.info.get("wakers", ()):
        session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": _channel(name)})


def wake_elsewhere(cursor: Cursor[Any], name: str) -> None:
    """Wake who waits for `name` in other processes, once the cursor's transaction has committed."""
    cursor.execute("SELECT pg_notify(%s, '')", (_channel(name),))


class Waker:
    """Waits for work of one name; listens on a connection of its own, which does not count to the pool."""

    def __init__(self, database: Database, name: str) -> None:
        self._database, self._name = database, name
        self._event = threading.Event()
        self._is_closing = False
        self._ours, self._theirs = socket.socketpair()  # a byte through it ends the listening
        self._thread = threading.Thread(target=self._listen, name=f"waker-{name}", daemon=True)

    def start(self, stop: threading.Event | None = None) -> Waker:
        """Listen until `close`; `stop` wakes too, so that nobody rests on when the process is to end."""
        self._database.wakers[self._name] = self
        self._thread.start()
        if stop is not None:
            threading.Thread(target=self._end_with, args=(stop,), name="waker-stop", daemon=True).start()
        return self

    def _end_with(self, stop: threading.Event) -> None:
        stop.wait()
        self.set()

    def set(self) -> None:
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Until it is woken or the time is over; what is woken before the next `wait` is not lost."""
        was_woken = self._event.wait(seconds)
        self._event.clear()
        return was_woken

    def close(self) -> None:
        self._database.wakers.pop(self._name, None)
        self._is_closing = True
        self._theirs.send(b"x")
        self._thread.join(RECONNECT_SECONDS * 2)
        if not self._thread.is_alive():
            self._ours.close()
            self._theirs.close()

    def _listen(self) -> None:
        is_away = False
        while not self._is_closing:
            try:
                connection = self._connect()
                is_away = False
                try:
                    self._hear(connection)
                finally:
                    connection.close()
            except (psycopg.Error, SQLAlchemyError, OSError) as error:
                if not is_away:
                    log.warning("waker_connection_lost", name=self._name, error=error)
                is_away = True
                self._is_over(RECONNECT_SECONDS)

    def _connect(self) -> Any:
        pooled = self._database.engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
        connection.autocommit = True
        connection.execute(f'LISTEN "{_channel(self._name)}"')
        self.set()  # whatever was said before is not known
        return connection

    def _hear(self, connection: Any) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(connection.fileno(), selectors.EVENT_READ)
            selector.register(self._ours, selectors.EVENT_READ)
            while not self._is_closing:
                selector.select()
                if self._is_closing:
                    return
                connection.pgconn.consume_input()
                while connection.pgconn.notifies() is not None:
                    self.set()

    def _is_over(self, seconds: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._ours, selectors.EVENT_READ)
            selector.select(seconds)


class Watch:
    """Looks whenever `name` is woken, and every few seconds.

    :param look: on the watch's thread; a failure is logged and tried again. Call it once before what depends on it.
    """

    def __init__(self, database: Database, name: str, look: Callable[[], object]) -> None:
        self.look = look
        self.name = name
        self._waker = Waker(database, name)

    def run(self, stop: threading.Event) -> None:
        """Until `stop`."""
        self._waker.start(stop)
        try:
            while not stop.is_set():
                self._waker.wait(REST_SECONDS)
                try:
                    self.look()
                except Exception as error:
                    log.warning("watch_failed", name=self.name, error=error)
        finally:
            self._waker.close()


def _channel(name: str) -> str:
    return f"wici_{name}"
