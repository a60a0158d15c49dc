"""Exchanges and queues: their names, their arguments, and their declaration before the processes start."""

from __future__ import annotations

import time
from typing import Any

from chassis import renewal
from chassis.renewal import Bound
from contracts.events import EVENTS, SUBSCRIPTIONS, Event
from contracts.lanes import ALL_LANES, COPIES, routing_keys

RPC_EXCHANGE = "nameko-rpc"
DEAD_LETTERS = "wici.dead_letters"
# Every lane is bound to it by its name: who may write into which is a matter of routing keys.
LANES = "wici.lanes"
# A message that came back this often is parked in the dead letters of its queue. RabbitMQ counts each reader that goes
# with the message in hand; of a lane's, some wait through many restarts behind others (decision 0262).
LANE_DELIVERY_LIMIT = 500
EVENT_DELIVERY_LIMIT = 6


def event_exchange(source: str) -> str:
    """The exchange of a service's events."""
    return f"{source}.events"


_EXCHANGES = {
    DEAD_LETTERS: "direct",
    RPC_EXCHANGE: "topic",
    LANES: "topic",
    **{event_exchange(source): "topic" for source in sorted({event.source for event in EVENTS})},
}


def event_queue(event: Event, subscriber: str, handler: str) -> str:
    """The queue of one handler; the handler's method name is part of it, so renaming a method orphans a queue."""
    return f"evt-{event.source}-{event.name}--{subscriber}.{handler}"


def reply_key(user: str, client_id: str) -> str:
    """Routing key of the answers to one client's calls; the broker lets nobody but its user bind it."""
    return f"reply.{user}.{client_id}"


def reply_queue(user: str, client_id: str) -> str:
    return f"rpc.{reply_key(user, client_id)}"


def dead_letters_of(queue: str) -> str:
    """The queue of what could not be handled, which is also its routing key."""
    return f"dead.{queue}"


def quorum_arguments(queue: str, delivery_limit: int) -> dict[str, Any]:
    """Arguments of a quorum queue whose messages go to `dead.{queue}` after `delivery_limit` failed deliveries."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": delivery_limit,
        "x-dead-letter-exchange": DEAD_LETTERS,
        "x-dead-letter-routing-key": dead_letters_of(queue),
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def declare_topology(connection: Any) -> None:
    """As an administrator, declare the lanes, the events' exchanges and the queues of every handler; idempotent."""
    channel = connection.channel()
    until = time.monotonic() + renewal.GONE_SECONDS  # for all queues: where one has readers that stay, most have
    for exchange, kind in _EXCHANGES.items():
        channel.exchange_declare(exchange, exchange_type=kind, durable=True)
    for lane in ALL_LANES:
        declare_dead_letters(channel, lane)
        # Of a message that fails in part, its reader parks that part itself.
        channel.queue_bind(dead_letters_of(lane), LANES, routing_key=dead_letters_of(lane))
        renewal.declare(connection, _lane(lane), until)
    for event, queue in event_queues():
        declare_dead_letters(channel, queue)
        arguments = quorum_arguments(queue, EVENT_DELIVERY_LIMIT)
        renewal.declare(connection, Bound(queue, arguments, event_exchange(event.source), (event.name,)), until)


def ask_for_topology(channel: Any) -> None:
    """Have the broker close the channel unless all of it is there: what was published to nowhere would be lost."""
    for exchange in _EXCHANGES:
        channel.exchange_declare(exchange, passive=True)
    for queue in (*ALL_LANES, *(queue for _event, queue in event_queues())):
        channel.queue_declare(queue, passive=True)


def event_queues() -> list[tuple[Event, str]]:
    """The queue of every subscription in the contracts."""
    return [
        (event, event_queue(event, *subscription.split(".")))
        for event, subscriptions in SUBSCRIPTIONS.items()
        for subscription in subscriptions
    ]


def declare_dead_letters(channel: Any, queue: str) -> None:
    """The queue for what `queue` could not have handled."""
    dead = dead_letters_of(queue)
    channel.queue_declare(dead, durable=True, arguments={"x-queue-type": "quorum"})
    channel.queue_bind(dead, DEAD_LETTERS, routing_key=dead)


def _lane(lane: str) -> Bound:
    """A copy has one reader at a time, which gets everything, in order, until it goes; then another does."""
    arguments = quorum_arguments(lane, LANE_DELIVERY_LIMIT)
    if lane in COPIES:
        arguments["x-single-active-consumer"] = True
    return Bound(lane, arguments, LANES, routing_keys(lane))
