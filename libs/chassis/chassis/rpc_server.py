"""The answering side of RPC: Nameko's wire over the service's own broker connection (`chassis.broker`).

Nameko's own consumer decodes and answers by kombu: each answer is serialised twice, published by a connection of its
own, persistent and confirmed, and waited for by its worker. Here an answer is serialised once and leaves transient on
the channel that its request came by, right before the acknowledgement: so who is acknowledged is answered, and a
request whose answer was lost with the connection comes again. Nobody can wait for an answer past a restart of the
broker, for the queue that it goes to ends with the caller's connection.
"""

from __future__ import annotations

import json
import sys
from collections import deque
from functools import partial
from typing import Any

import orjson
import pika
from nameko.exceptions import MalformedRequest, MethodNotFound, UnserializableValueError, serialize
from nameko.extensions import ProviderCollector, SharedExtension
from pika.channel import Channel

from chassis.bus_messages import Consumer, Delivery
from chassis.logs import get_logger
from chassis.service_process import Process
from chassis.topology import RPC_EXCHANGE
from contracts.errors import Unavailable

log = get_logger()


class RpcConsumer(SharedExtension, ProviderCollector):  # type: ignore[misc]
    """Takes requests from `rpc-SERVICE` and gives each to the entrypoint of its method; the same interface to
    `nameko.rpc.Rpc` as Nameko's own."""

    process = Process()
    _is_taking = False
    _consumer: Consumer | None = None

    def setup(self) -> None:
        self.process.checks["calls"] = self.check

    def check(self) -> None:
        """Raises until the broker gives calls to this process: a call that came before, the very first one of a new
        system, would be told that nobody takes it.
        """
        if self._consumer is None or not self._consumer.is_taking:
            raise Unavailable("broker.unavailable", "The message broker gives this process no calls yet.")

    def start(self) -> None:
        self._is_taking = True
        self._entrypoints = {f"{self.container.service_name}.{each.method_name}": each for each in self._providers}
        self._answers: deque[tuple[Delivery, bytes]] = deque()
        self._consumer = self.process.broker.consume(
            f"rpc-{self.container.service_name}",
            self._on_request,
            prefetch=self.container.max_workers,
            declare=self._declare,
        )

    def unregister_provider(self, provider: Any) -> None:
        """An entrypoint stops, as all others do now: nothing more is taken, and what has begun is answered."""
        is_first, self._is_taking = self._is_taking, False
        if is_first and self._consumer is not None:
            self.process.broker.cancel(self._consumer)
        super().unregister_provider(provider)

    def handle_result(self, delivery: Delivery, result: Any, exc_info: Any) -> tuple[Any, Any]:
        """Answer; from any worker."""
        body, exc_info = _encoded(result, exc_info)
        self._answers.append((delivery, body))
        self.process.broker.call_soon(self._send)
        return (None if exc_info is not None else result), exc_info

    def requeue_message(self, delivery: Delivery) -> None:
        delivery.nack()

    # What follows runs on the broker's thread.

    def _declare(self, channel: Channel) -> None:
        queue = f"rpc-{self.container.service_name}"
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, RPC_EXCHANGE, routing_key=f"{self.container.service_name}.*")
        self._send(channel)

    def _send(self, channel: Channel | None = None) -> None:
        """What waits to be answered. Without a connection it waits for the next, for the caller's may have lived on."""
        channel = channel or (self._consumer.channel if self._consumer else None)
        if channel is None or not channel.is_open:
            return
        while self._answers:
            delivery, body = self._answers.popleft()
            if delivery.reply_to:
                properties = pika.BasicProperties(
                    content_type="application/json", content_encoding="utf-8", correlation_id=delivery.correlation_id
                )
                channel.basic_publish(RPC_EXCHANGE, delivery.reply_to, body, properties)
            if delivery.came_by(channel):
                channel.basic_ack(delivery.tag)

    def _on_request(self, delivery: Delivery) -> None:
        try:
            request = orjson.loads(delivery.body)
        except orjson.JSONDecodeError as error:
            # Its caller runs into the deadline.
            log.error("message_undecodable", exchange=RPC_EXCHANGE, error_type=type(error).__name__)
            delivery.nack(requeue=False)
            return
        if self.container._worker_pool.free() > 0:
            self._handle(request, delivery)
        else:  # Where a worker has to be waited for, that is not done on this thread.
            self.container.spawn_managed_thread(partial(self._handle, request, delivery), identifier="rpc")

    def _handle(self, request: Any, delivery: Delivery) -> None:
        try:
            entrypoint = self._entrypoints.get(delivery.routing_key)
            if entrypoint is None:
                raise MethodNotFound(delivery.routing_key.rpartition(".")[2])
            if not isinstance(request, dict):
                raise MalformedRequest("Message missing `args` or `kwargs`")
            entrypoint.handle_message(request, delivery)
        except Exception:
            self.handle_result(delivery, None, sys.exc_info())


def _encoded(result: Any, exc_info: Any) -> tuple[bytes, Any]:
    """The answer as bytes, and the error that it tells of."""
    if exc_info is None:
        try:
            return _bytes({"result": result, "error": None}), None
        except Exception:
            exc_info = (UnserializableValueError, UnserializableValueError(result), None)
    try:
        return _bytes({"result": None, "error": serialize(exc_info[1])}), exc_info
    except Exception:
        wrong = UnserializableValueError(exc_info[1])
        return _bytes({"result": None, "error": serialize(wrong)}), (type(wrong), wrong, None)


def _bytes(answer: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(answer)
    except TypeError:  # numbers beyond 64 bits, keys that are no text
        return json.dumps(answer).encode()
