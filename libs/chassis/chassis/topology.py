"""Exchanges and queues: their names, their arguments, and their declaration before the processes start."""

from __future__ import annotations

from typing import Any

from contracts.events import EVENTS, SUBSCRIPTIONS, Event
from contracts.lanes import ALL_LANES, COPIES

RPC_EXCHANGE = "nameko-rpc"
DEAD_LETTERS = "wici.dead_letters"
# Every lane is bound to it by its name: who may write into which is a matter of routing keys.
LANES = "wici.lanes"
# A lane's message that failed this often is parked in the dead-letter queue of its lane.
LANE_DELIVERY_LIMIT = 20
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


def declare_topology(channel: Any) -> None:
    """As an administrator, declare the lanes, the events' exchanges and the queues of every handler; idempotent."""
    for exchange, kind in _EXCHANGES.items():
        channel.exchange_declare(exchange, exchange_type=kind, durable=True)
    for lane in ALL_LANES:
        declare_quorum_queue(channel, lane, LANE_DELIVERY_LIMIT, one_reader=lane in COPIES)
        channel.queue_bind(lane, LANES, routing_key=COPIES.get(lane, lane))
        # Of a message that fails in part, its reader parks that part itself.
        channel.queue_bind(dead_letters_of(lane), LANES, routing_key=dead_letters_of(lane))
    for event, queue in event_queues():
        declare_quorum_queue(channel, queue, EVENT_DELIVERY_LIMIT)
        channel.queue_bind(queue, event_exchange(event.source), routing_key=event.name)


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


def declare_quorum_queue(channel: Any, queue: str, delivery_limit: int, *, one_reader: bool = False) -> None:
    """A quorum queue and the queue for what could not be handled.

    :param one_reader: of its consumers one gets everything, in order, until it goes; then another does.
    """
    dead = dead_letters_of(queue)
    channel.queue_declare(dead, durable=True, arguments={"x-queue-type": "quorum"})
    channel.queue_bind(dead, DEAD_LETTERS, routing_key=dead)
    arguments = quorum_arguments(queue, delivery_limit) | ({"x-single-active-consumer": True} if one_reader else {})
    channel.queue_declare(queue, durable=True, arguments=arguments)
