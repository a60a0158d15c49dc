"""The outbox: what is to be published is committed with the change it tells of, and relayed until confirmed.

A relay holds row locks while the broker confirms, so that two relays never send the same rows at the same time; this
is the one place where a transaction waits for the network, for at most `CONFIRM_SECONDS`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import wait
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import structlog
from psycopg import Cursor
from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis import inbox, waking
from chassis.broker import Broker
from chassis.database import Database, cursor_of, pipelined
from chassis.health import Progress
from chassis.ids import new_id
from chassis.logs import get_logger
from chassis.topology import LANES, event_exchange
from chassis.waking import REST_SECONDS, Waker
from contracts.events import Event

ROWS_AT_ONCE = 200
# What the broker did not take is tried again so soon.
AGAIN_SECONDS = 0.2
# Commits that come within this time go out together; whoever pokes does not wait for it.
GATHER_SECONDS = 0.05
CONFIRM_SECONDS = 15.0
# How often the inbox, which lies in the same database, loses what no redelivery can reach any more.
FORGET_SECONDS = 3600.0

# What the relay waits for.
OUTBOX = "outbox"

log = get_logger()

_INSERT = text(
    "INSERT INTO outbox (exchange, routing_key, headers, body) VALUES (:exchange, :routing_key, :headers, :body)"
)
_INSERT_BY_CURSOR = "INSERT INTO outbox (exchange, routing_key, headers, body) VALUES (%s, %s, %s::jsonb, %s)"
_INSERT_LANES = (
    "INSERT INTO outbox (exchange, routing_key, headers, body)"
    " SELECT '', lane, %s::jsonb, body FROM unnest(%s::text[], %b::bytea[]) AS m(lane, body)"
)
_CLAIM = (
    "SELECT position, exchange, routing_key, headers, body FROM outbox"
    " ORDER BY position LIMIT %s FOR UPDATE SKIP LOCKED"
)


def record(session: Session, event: Event, **fields: Any) -> UUID:
    """Record `event` in the session's transaction; returns its event id.

    :raises marshmallow.ValidationError: the fields do not fit the event's schema: a bug of the caller.
    """
    event_id, body = _body_of(event, fields)
    _insert(session, event_exchange(event.source), event.name, body)
    return event_id


def next_number(session: Session) -> int:
    """A number that was not drawn before: of two drawn by holders of one lock, the later is the greater."""
    return int(session.scalar(text("SELECT nextval(pg_get_serial_sequence('outbox', 'position'))")) or 0)


def record_at(cursor: Cursor[Any], event: Event, **fields: Any) -> UUID:
    """As `record`, for a transaction that is written by a cursor."""
    event_id, body = _body_of(event, fields)
    cursor.execute(_INSERT_BY_CURSOR, (event_exchange(event.source), event.name, _headers(), body))
    waking.wake_elsewhere(cursor, OUTBOX)
    return event_id


def _body_of(event: Event, fields: dict[str, Any]) -> tuple[UUID, bytes]:
    event_id = new_id()
    schema = event.schema()
    body: dict[str, Any] = schema.dump({"event_id": event_id, "occurred_at": datetime.now(UTC), **fields})
    schema.load(body)
    return event_id, orjson.dumps(body)


def record_lane(session: Session, lane: str, body: bytes) -> None:
    """Record one lane message (a whole batch) in the session's transaction."""
    _insert(session, "", lane, body)


def record_lanes(session: Session, lane_messages: Sequence[tuple[str, bytes]]) -> None:
    """Record many lane messages, (lane, body) each, with one statement."""
    if lane_messages:
        record_lanes_at(cursor_of(session), lane_messages)
        waking.wake(session, OUTBOX)


def record_lanes_at(cursor: Cursor[Any], lane_messages: Sequence[tuple[str, bytes]]) -> None:
    """As `record_lanes`, for a pipeline, of at least one: whoever calls it wakes `OUTBOX`."""
    names, bodies = [lane for lane, _ in lane_messages], [body for _, body in lane_messages]
    cursor.execute(_INSERT_LANES, (_headers(), names, bodies))


def _insert(session: Session, exchange: str, routing_key: str, body: bytes) -> None:
    session.execute(_INSERT, {"exchange": exchange, "routing_key": routing_key, "headers": _headers(), "body": body})
    waking.wake(session, OUTBOX)


def _headers() -> str:
    trace_id = structlog.contextvars.get_contextvars().get("trace_id")
    return orjson.dumps({"nameko.trace_id": trace_id} if trace_id else {}).decode()


class Relay:
    """Publishes what the outbox holds, with confirms, and deletes it after; now and then it tidies the inbox up."""

    def __init__(self, database: Database, broker: Broker) -> None:
        self._database = database
        self._broker = broker
        self._poked = threading.Event()
        self._waker = Waker(database, OUTBOX)
        self._progress = Progress()
        self.check = self._progress.check

    def poke(self) -> None:
        """Say that there is something new and urgent; otherwise a commit is seen within `GATHER_SECONDS`."""
        self._poked.set()
        self._waker.set()

    def run(self, stop: threading.Event) -> None:
        """Relay until `stop`; a failure is logged and tried again."""
        self._waker.start(stop)
        try:
            self._relay(stop)
        finally:
            self._waker.close()

    def _relay(self, stop: threading.Event) -> None:
        forget_at = time.monotonic()
        while not stop.is_set():
            try:
                claimed, sent = self.relay_once() if self._broker.is_connected else (1, 0)
                if time.monotonic() >= forget_at:
                    forget_at = time.monotonic() + FORGET_SECONDS
                    self._forget_old()
            except Exception as error:
                log.warning("outbox_relay_failed", error=error)
                self._progress.waits()
                stop.wait(1.0)
                continue
            self._progress.waits() if claimed and not sent else self._progress.moved()
            if sent < claimed:
                stop.wait(AGAIN_SECONDS)
            elif claimed < ROWS_AT_ONCE:
                self._waker.wait(REST_SECONDS)
                self._poked.wait(GATHER_SECONDS)
                self._poked.clear()

    def _forget_old(self) -> None:
        with self._database.transaction() as session:
            inbox.forget_old(session)

    def relay_once(self) -> tuple[int, int]:
        """Publish up to `ROWS_AT_ONCE` messages; those that are not confirmed stay. Returns how many there were and
        how many went."""
        with self._database.transaction() as session:
            with pipelined(session) as cursor:  # BEGIN goes along
                claimed = cursor().execute(_CLAIM, (ROWS_AT_ONCE,))
            rows = claimed.fetchall()
            if not rows:
                return 0, 0
            confirmations = {
                # A lane's message has no exchange of its own in here.
                self._broker.publish(routing_key, bytes(body), exchange=exchange or LANES, headers=headers): position
                for position, exchange, routing_key, headers, body in rows
            }
            wait(confirmations, timeout=CONFIRM_SECONDS)
            sent = [
                position
                for confirmation, position in confirmations.items()
                if confirmation.done() and confirmation.exception() is None
            ]
            session.execute(text("DELETE FROM outbox WHERE position = ANY(:positions)"), {"positions": sent})
        return len(rows), len(sent)
