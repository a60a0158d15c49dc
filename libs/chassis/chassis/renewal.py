"""A queue that stands with other arguments than it should have is made anew, and none of its messages is lost.

RabbitMQ changes no argument of a queue. What lies in it goes aside, it is deleted and declared, and what lay aside
comes back; whoever publishes meanwhile reaches one of the two, since there is always one that is bound. A crash in
between doubles messages at most, and the next declaration goes on where this one stopped.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pika.exceptions

from chassis.logs import get_logger

log = get_logger()

NOT_FOUND, PRECONDITION_FAILED = 404, 406  # AMQP 0-9-1, 1.2: no such queue; it stands with other arguments
LATE_SECONDS = 0.5
GONE_SECONDS = 5.0  # who has just stopped, or died with a message in hand, still counts as a reader for a moment


@dataclass(frozen=True)
class Bound:
    """A durable queue and what brings it its messages."""

    queue: str
    arguments: dict[str, Any]
    exchange: str
    routing_keys: tuple[str, ...]

    @property
    def aside(self) -> str:
        return f"aside.{self.queue}"


def declare(connection: Any, wanted: Bound, until: float | None = None) -> None:
    """Declare and bind it. Where it stands with other arguments it is made anew, or left while it has readers.

    :param until: by `time.monotonic`, how long a reader that is about to go is waited for; GONE_SECONDS from now.
    """
    try:
        _declare(connection, wanted)
    except pika.exceptions.ChannelClosedByBroker as error:
        if error.reply_code != PRECONDITION_FAILED:
            raise
        if not _put_aside(connection, wanted, time.monotonic() + GONE_SECONDS if until is None else until):
            return
        _declare(connection, wanted)
    if _standing(connection, wanted.aside) is not None:
        _bring_back(connection, wanted)


def move(channel: Any, source: str, target: str, limit: int | None = None) -> int:
    """Move messages from the head of one queue into another; each is confirmed there before it leaves.

    What the broker has noted of earlier deliveries does not go with them. :returns: how many.
    """
    channel.confirm_delivery()
    moved = 0
    while limit is None or moved < limit:
        method, properties, body = channel.basic_get(source)
        if method is None:
            break
        headers = {name: value for name, value in (properties.headers or {}).items() if not name.startswith("x-")}
        properties.headers = headers
        channel.basic_publish("", target, body, properties, mandatory=True)
        channel.basic_ack(method.delivery_tag)
        moved += 1
    return moved


def _declare(connection: Any, wanted: Bound) -> None:
    channel = connection.channel()
    channel.queue_declare(wanted.queue, durable=True, arguments=wanted.arguments)
    for key in wanted.routing_keys:
        channel.queue_bind(wanted.queue, wanted.exchange, routing_key=key)


def _standing(connection: Any, queue: str) -> Any:
    """Its counts of messages and of readers; None where there is no such queue."""
    channel = connection.channel()
    try:
        counts = channel.queue_declare(queue, passive=True).method
    except pika.exceptions.ChannelClosedByBroker as error:
        if error.reply_code != NOT_FOUND:
            raise
        return None
    channel.close()  # it is asked again and again, and a connection has only so many
    return counts


def _put_aside(connection: Any, wanted: Bound, until: float) -> bool:
    """Empty and delete it, unless somebody reads it: what a reader has in hand would be lost with the queue."""
    if readers := _readers_left(connection, wanted.queue, until):
        log.warning("queue_keeps_its_arguments", queue=wanted.queue, readers=readers, remedy="stop them, declare again")
        return False
    channel = connection.channel()
    channel.queue_declare(wanted.aside, durable=True, arguments={"x-queue-type": "quorum"})
    for key in wanted.routing_keys:
        channel.queue_bind(wanted.aside, wanted.exchange, routing_key=key)
        channel.queue_unbind(wanted.queue, wanted.exchange, routing_key=key)
    _empty(channel, wanted.queue, wanted.aside)
    channel.queue_delete(wanted.queue)
    return True


def _readers_left(connection: Any, queue: str, until: float) -> int:
    """How many still read it when the time is over; a quorum queue counts who has got a message as one, too."""
    readers: int = _standing(connection, queue).consumer_count
    while readers and time.monotonic() < until:
        time.sleep(0.05)
        readers = _standing(connection, queue).consumer_count
    return readers


def _bring_back(connection: Any, wanted: Bound) -> None:
    channel = connection.channel()
    for key in wanted.routing_keys:
        channel.queue_unbind(wanted.aside, wanted.exchange, routing_key=key)
    moved = _empty(channel, wanted.aside, wanted.queue)
    channel.queue_delete(wanted.aside)
    log.info("queue_made_anew", queue=wanted.queue, messages=moved)


def _empty(channel: Any, source: str, target: str) -> int:
    """Move all, and what comes late: it was routed before the binding went."""
    moved = move(channel, source, target)
    time.sleep(LATE_SECONDS)
    return moved + move(channel, source, target)
