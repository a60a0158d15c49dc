"""The broker connection of a process: one pika connection on its own thread, which reconnects by itself.

Everything here is thread-safe. Publishing is confirmed by the broker and asynchronous: hundreds of messages are in
flight at once, and a lost connection fails their futures, so that whoever published (the outbox, a lane) tries again.
Requests are confirmed by their answers alone and leave by a channel of their own.
Consumers survive a reconnect; a delivery of the old connection can then no longer be acked, and comes again.

Under eventlet the thread is a green one, with a loop of its own (`chassis.hub_loop`).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from itertools import takewhile
from typing import Any

import pika
from pika.adapters.select_connection import SelectConnection
from pika.channel import Channel
from prometheus_client import Gauge

from chassis.amqp import parameters_of
from chassis.bus_messages import BrokerBlocked, Consumer, Delivery, Message, PublishFailed, blocked, lost
from chassis.database import eventlet_is_active
from chassis.logs import get_logger
from chassis.topology import LANES, RPC_EXCHANGE, ask_for_topology, event_exchange
from contracts.errors import Unavailable
from contracts.events import Event

PERSISTENT, TRANSIENT = 2, 1  # AMQP 0-9-1, basic properties: delivery-mode
RECONNECT_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0)
HEARTBEAT_SECONDS = 30
# An answer to nobody, as everybody may publish one: the broker confirms it and forgets.
PROBE = "reply.nobody.00000000-0000-0000-0000-000000000000"

BLOCKED = Gauge(
    "wici_broker_blocked", "1 while the broker takes nothing from this process", multiprocess_mode="livemax"
)

log = get_logger()


class _Connection(SelectConnection):
    """Writes a message at once: pika itself sends method, header and body by a system call each."""

    def _output_marshaled_frames(self, marshaled_frames: Any) -> None:
        super()._output_marshaled_frames([b"".join(marshaled_frames)])


def _loop() -> Any:
    """The event loop of a connection; None: pika's own."""
    if not eventlet_is_active():
        return None
    from chassis.hub_loop import HubLoop

    return HubLoop()


def _properties(delivery_mode: int, **others: Any) -> pika.BasicProperties:
    return pika.BasicProperties("application/json", "utf-8", delivery_mode=delivery_mode, **others)


class Broker:
    """The one connection of a process.

    :param url: `amqp://user:password@host:port/vhost`, or `amqps://` (`chassis.amqp`)
    :param name: shown by the broker's management as the connection's name
    """

    def __init__(self, url: str, name: str = "wici") -> None:
        self._parameters = parameters_of(url)
        self._parameters.heartbeat = HEARTBEAT_SECONDS
        self._parameters.client_properties = {"connection_name": name}
        self._parameters.socket_timeout = 10
        self.user: str = self._parameters.credentials.username
        self._connection: SelectConnection | None = None
        self._channel: Channel | None = None
        self._request_channel: Channel | None = None
        self._consumers: list[Consumer] = []
        self._when_lost: list[Callable[[], None]] = []
        self._when_blocked: list[Callable[[], None]] = []
        self._when_returned: list[Callable[[str, str], None]] = []
        self._outgoing: deque[Message] = deque()
        self._unconfirmed: dict[int, Message] = {}
        self._next_tag = 1
        self._flush_scheduled = False
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._ready = threading.Event()
        self._has_published = False
        self._probe: Future[None] = Future()
        self._probe.set_result(None)
        self._blocked = ""  # the broker's reason why it takes nothing from us, while it does not
        self._thread = threading.Thread(target=self._run, name=f"broker-{name}", daemon=True)
        self._attempt = 0

    def start(self, timeout: float = 30.0) -> Broker:
        """Start the thread and wait for the first connection; raises `Unavailable` after `timeout` seconds."""
        self._thread.start()
        if not self._ready.wait(timeout):
            raise Unavailable("broker.unavailable", "The message broker does not answer.")
        return self

    @property
    def is_connected(self) -> bool:
        return self._ready.is_set()

    def ping(self) -> None:
        """Raises when there is no connection at the moment, or the broker takes nothing (readiness).

        The broker tells of an alarm to who publishes, and to nobody else: so each ping publishes a word to nobody, and
        the next one knows. Not where only is consumed: of a connection that has published the broker then reads no
        acknowledgements either, and draining queues is what ends an alarm.
        """
        if not self.is_connected:
            raise Unavailable("broker.unavailable", "The message broker does not answer.")
        if self._has_published and not self._blocked and self._probe.done():
            self._probe = self.publish(PROBE, b"", exchange=RPC_EXCHANGE)
        if self._blocked:
            raise BrokerBlocked("broker.blocked", "The message broker takes no messages at the moment.")

    def close(self, timeout: float = 10.0) -> None:
        """Send what is waiting, close the connection and end the thread."""
        self._closing.set()
        self.call_soon(self._close_connection)
        self._thread.join(timeout)

    def publish(
        self,
        routing_key: str,
        body: bytes,
        *,
        exchange: str = LANES,
        headers: dict[str, Any] | None = None,
    ) -> Future[None]:
        """Publish one message; the future is done when the broker has it on disk.

        Unless an exchange is named, the routing key is a lane's name. The future fails with `PublishFailed` when the
        connection is lost or the broker refuses, and at once while the broker is blocked.
        """
        confirmed: Future[None] = Future()
        message = Message(exchange, routing_key, body, _properties(PERSISTENT, headers=headers), confirmed)
        try:
            self._hand_over(message)
        except PublishFailed as error:
            confirmed.set_exception(error)
        return confirmed

    def ask(self, routing_key: str, body: bytes, **properties: Any) -> None:
        """Publish a request by RPC: transient, and confirmed by nothing but its answer.

        Who waits for that is told by `when_returned`, `when_blocked` and `when_lost` that none will come.

        :raises PublishFailed: at once, where no connection is or the broker takes nothing.
        """
        self._hand_over(Message(RPC_EXCHANGE, routing_key, body, _properties(TRANSIENT, **properties), None))

    def _hand_over(self, message: Message) -> None:
        with self._lock:
            if not self._ready.is_set():
                raise lost()
            if self._blocked:
                raise blocked()
            self._has_published = True
            self._outgoing.append(message)
            schedule, self._flush_scheduled = not self._flush_scheduled, True
        if schedule:
            self.call_soon(self._flush)

    def publish_event(self, event: Event, body: bytes, headers: dict[str, Any] | None = None) -> Future[None]:
        """Publish an event that has no outbox behind it (the gateway's)."""
        return self.publish(event.name, body, exchange=event_exchange(event.source), headers=headers)

    def consume(
        self,
        queue: str,
        on_delivery: Callable[[Delivery], None],
        *,
        prefetch: int = 10,
        no_ack: bool = False,
        declare: Callable[[Channel], None] | None = None,
    ) -> Consumer:
        """Consume `queue` on a channel of its own, also after every reconnect.

        :param on_delivery: called on the broker's thread; it must hand over at once and never block.
        :param declare: declares the queue each time, for queues that go with the connection.
        """
        consumer = Consumer(queue, on_delivery, prefetch, no_ack, declare)
        self._consumers.append(consumer)
        self.call_soon(lambda: self._start_consumer(consumer))
        return consumer

    def cancel(self, consumer: Consumer, timeout: float = 10.0) -> None:
        """Take nothing more from its queue; what has been delivered can be settled as long as we are connected."""
        self._consumers.remove(consumer)
        cancelled = threading.Event()

        def on_thread() -> None:
            if consumer.channel is None or not consumer.channel.is_open or not consumer.tag:
                cancelled.set()
                return
            consumer.channel.basic_cancel(consumer.tag, callback=lambda _frame: cancelled.set())

        if self.is_connected:
            self.call_soon(on_thread)
            cancelled.wait(timeout)

    def when_lost(self, act: Callable[[], None]) -> None:
        """Run `act` on the broker's thread whenever the connection is lost; what it brings is then gone."""
        self._when_lost.append(act)

    def when_blocked(self, act: Callable[[], None]) -> None:
        """Run `act` on the broker's thread whenever the broker begins to take nothing."""
        self._when_blocked.append(act)

    def when_returned(self, act: Callable[[str, str], None]) -> None:
        """Run `act(correlation_id, routing_key)` on the broker's thread for each request that no queue takes."""
        self._when_returned.append(act)

    def call_soon(self, act: Callable[[], None]) -> None:
        """Run `act` on the broker's thread; dropped when there is no connection."""
        connection = self._connection
        if connection is not None:
            try:
                connection.ioloop.add_callback_threadsafe(act)
            except Exception:
                log.debug("broker_loop_closed")

    # What follows runs on the broker's thread.

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._connection = _Connection(
                    self._parameters,
                    on_open_callback=self._on_connected,
                    on_open_error_callback=self._on_connect_failed,
                    on_close_callback=self._on_closed,
                    custom_ioloop=_loop(),
                )
                self._connection.ioloop.start()
            except Exception as error:
                log.warning("broker_connection_failed", error=error)
            ended = self._connection
            self._forget_connection()
            if ended is not None:
                ended.ioloop.close()  # it has sockets of its own, to be woken by
            if not self._closing.is_set():
                wait = RECONNECT_SECONDS[min(self._attempt, len(RECONNECT_SECONDS) - 1)]
                self._attempt += 1
                self._closing.wait(wait)

    def _on_connected(self, connection: Any) -> None:
        connection.add_on_connection_blocked_callback(lambda _, frame: self._on_blocked(frame.method.reason))
        connection.add_on_connection_unblocked_callback(lambda *_: self._on_unblocked())
        connection.channel(on_open_callback=self._on_channel_open)

    def _on_blocked(self, reason: str) -> None:
        log.error("broker_blocked", reason=reason)
        self._blocked = reason or "blocked"
        BLOCKED.set(1)
        # What was on its way may arrive once the alarm is over; who waits for it would only run into a deadline.
        for message in self._unconfirmed.values():
            message.fail(blocked())
        for act in self._when_blocked:
            act()

    def _on_unblocked(self) -> None:
        log.info("broker_unblocked")
        self._blocked = ""
        BLOCKED.set(0)

    def _on_connect_failed(self, connection: Any, error: Any) -> None:
        log.warning("broker_unreachable", error=error)
        connection.ioloop.stop()

    def _on_closed(self, connection: Any, reason: Any) -> None:
        if not self._closing.is_set():
            log.warning("broker_connection_lost", reason=str(reason))
        connection.ioloop.stop()

    def _on_channel_open(self, channel: Channel) -> None:
        self._channel = channel
        self._next_tag = 1
        channel.add_on_close_callback(self._on_channel_closed)
        ask_for_topology(channel)
        connection = channel.connection
        channel.confirm_delivery(
            self._on_confirm, callback=lambda _frame: connection.channel(on_open_callback=self._on_request_channel)
        )

    def _on_request_channel(self, channel: Channel) -> None:
        self._request_channel = channel
        channel.add_on_close_callback(self._on_channel_closed)
        channel.add_on_return_callback(self._on_returned)
        self._attempt = 0
        for consumer in self._consumers:
            self._start_consumer(consumer)
        self._ready.set()

    def _on_channel_closed(self, channel: Channel, reason: Any) -> None:
        # Any closed channel of ours means that something is wrong with the whole: start anew.
        if self._connection is not None and self._connection.is_open and not self._closing.is_set():
            log.error("broker_channel_closed", reason=str(reason))
            self._connection.close()

    def _start_consumer(self, consumer: Consumer) -> None:
        if self._connection is None or not self._connection.is_open or self._channel is None:
            return
        if consumer not in self._consumers:
            return  # cancelled before it began
        if consumer.channel is not None and not consumer.channel.is_closed:
            return

        def on_open(channel: Channel) -> None:
            channel.add_on_close_callback(self._on_channel_closed)
            if consumer.declare is not None:
                consumer.declare(channel)
            channel.basic_qos(prefetch_count=consumer.prefetch)
            consumer.tag = channel.basic_consume(
                consumer.queue,
                lambda *delivered: consumer.on_delivery(Delivery(self.call_soon, *delivered)),
                auto_ack=consumer.no_ack,
                callback=lambda _frame: on_taking(),
            )

        def on_taking() -> None:
            consumer.is_taking = True

        consumer.is_taking = False
        consumer.channel = self._connection.channel(on_open_callback=on_open)

    def _flush(self) -> None:
        with self._lock:
            batch, self._outgoing, self._flush_scheduled = self._outgoing, deque(), False
        for message in batch:
            is_request = message.confirmed is None
            channel = self._request_channel if is_request else self._channel
            if channel is None or not channel.is_open:
                message.fail(lost())
                continue
            if not is_request:
                self._unconfirmed[self._next_tag] = message
                self._next_tag += 1
            channel.basic_publish(
                message.exchange, message.routing_key, message.body, message.properties, mandatory=is_request
            )

    def _on_confirm(self, frame: Any) -> None:
        method = frame.method
        # Tags are in rising order, so that a confirm of many stops at the first that is not among them.
        tags = (
            list(takewhile(lambda tag: tag <= method.delivery_tag, self._unconfirmed))
            if method.multiple
            else [method.delivery_tag]
        )
        confirmed = isinstance(method, pika.spec.Basic.Ack)
        for tag in tags:
            message = self._unconfirmed.pop(tag, None)
            if message is None:
                continue
            if confirmed:
                message.succeed()
            else:
                message.fail(lost())

    def _on_returned(self, _channel: Channel, method: Any, properties: Any, _body: bytes) -> None:
        for act in self._when_returned:
            act(properties.correlation_id, method.routing_key)

    def _forget_connection(self) -> None:
        self._ready.clear()
        self._blocked = ""  # a new connection is told anew
        BLOCKED.set(0)
        with self._lock:
            waiting, self._outgoing, self._flush_scheduled = list(self._outgoing), deque(), False
        for message in [*self._unconfirmed.values(), *waiting]:
            message.fail(lost())
        self._unconfirmed.clear()
        self._connection = self._channel = self._request_channel = None
        for consumer in self._consumers:
            consumer.channel, consumer.tag, consumer.is_taking = None, "", False
        for act in self._when_lost:
            act()

    def _close_connection(self) -> None:
        self._flush()
        if self._connection is not None and self._connection.is_open:
            self._connection.close()
