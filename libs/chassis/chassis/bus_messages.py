"""What goes over a broker connection: messages on their way out, deliveries that came in, and how publishing fails."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import pika
from pika.channel import Channel

from contracts.errors import Unavailable


class BrokerBlocked(Unavailable):
    """An alarm of the broker (memory, disk) keeps it from reading what we publish; nothing is lost, all of it waits."""


class PublishFailed(Unavailable):
    """The broker did not confirm a message: it may or may not have arrived; publishing it again is right."""


@dataclass(slots=True)
class Message:
    """What is to be published.

    :param confirmed: None: a request, which is answered.
    """

    exchange: str
    routing_key: str
    body: bytes
    properties: pika.BasicProperties
    confirmed: Future[None] | None

    def succeed(self) -> None:
        if self.confirmed is not None and not self.confirmed.done():
            self.confirmed.set_result(None)

    def fail(self, error: PublishFailed) -> None:
        if self.confirmed is not None and not self.confirmed.done():
            self.confirmed.set_exception(error)


class Delivery:
    """One message from a queue; `ack` and `nack` may be called from any thread, once.

    :param call_soon: runs what settles it on the broker's thread.
    """

    __slots__ = (
        "_call_soon", "_channel", "body", "correlation_id", "headers", "redelivered", "reply_to", "routing_key", "tag",
    )  # fmt: skip

    def __init__(
        self,
        call_soon: Callable[[Callable[[], None]], None],
        channel: Channel,
        method: Any,
        properties: pika.BasicProperties,
        body: bytes,
    ) -> None:
        self._call_soon = call_soon
        self._channel = channel
        self.tag: int = method.delivery_tag
        self.redelivered: bool = method.redelivered
        self.routing_key: str = method.routing_key
        self.headers: dict[str, Any] = properties.headers or {}
        self.correlation_id: str | None = properties.correlation_id
        self.reply_to: str | None = properties.reply_to
        self.body = body

    def ack(self) -> None:
        self._settle(lambda: self._channel.basic_ack(self.tag))

    def nack(self, *, requeue: bool = True) -> None:
        self._settle(lambda: self._channel.basic_nack(self.tag, requeue=requeue))

    def came_by(self, channel: Channel) -> bool:
        """Whether it may still be settled where `channel` is the one that is open."""
        return self._channel is channel

    def _settle(self, act: Callable[[], None]) -> None:
        def on_thread() -> None:
            # After a reconnect the channel is closed and the message is already back in its queue.
            if self._channel.is_open:
                act()

        self._call_soon(on_thread)


@dataclass(eq=False)
class Consumer:
    """A queue that is consumed, over all reconnects; `channel` is the one of the connection that there is."""

    queue: str
    on_delivery: Callable[[Delivery], None]
    prefetch: int
    no_ack: bool
    declare: Callable[[Channel], None] | None
    channel: Channel | None = field(default=None)
    tag: str = ""
    is_taking: bool = False  # the broker has said so, on the connection that there is


def lost() -> PublishFailed:
    return PublishFailed("broker.unavailable", "The message broker did not confirm a message.")


def blocked() -> PublishFailed:
    return PublishFailed("broker.blocked", "The message broker takes no messages at the moment.")
