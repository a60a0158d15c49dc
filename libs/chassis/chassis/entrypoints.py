"""Entrypoints of a Nameko service: `@rpc`, and `@event_handler`, which never loses an event."""

from __future__ import annotations

from typing import Any

import eventlet
from kombu import Exchange, Queue
from nameko.exceptions import IncorrectSignature
from nameko.messaging import Consumer, QueueConsumer
from nameko.rpc import Rpc

from chassis import config, seals, topology
from chassis.answers import as_told
from chassis.database import Fault, fault_of
from chassis.ids import new_id
from chassis.logs import get_logger
from chassis.metrics import EVENTS_HANDLED
from chassis.rpc_server import RpcConsumer
from contracts.errors import WiciError, actor_unverified
from contracts.events import SUBSCRIPTIONS, Event

log = get_logger()

# A failed event waits before it is delivered again: 0.1 s, 0.2 s, … 3.2 s; six tries span some seconds.
EVENT_RETRY_SECONDS = 0.1
# Where the database is away it is not the event's fault: six tries span most of a minute.
SERVER_RETRY_SECONDS = (1.0, 3.0, 6.0, 10.0, 10.0, 10.0)


class _QueueConsumer(QueueConsumer):
    """The connection that events come by; what cannot even be decoded is refused, never acknowledged and lost."""

    def on_decode_error(self, message: Any, error: Exception) -> None:
        log.error(
            "message_undecodable", exchange=message.delivery_info.get("exchange"), error_type=type(error).__name__
        )
        message.reject()  # to the dead-letter queue


class _Rpc(Rpc):
    """Nameko's RPC entrypoint over `chassis.rpc_server`, which believes no actor without a seal.

    Errors of the contracts are expected and need no traceback in the log.
    """

    rpc_consumer = RpcConsumer()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(expected_exceptions=WiciError, **kwargs)

    def check_signature(self, args: Any, kwargs: Any) -> None:
        """Before a worker is spawned: who asks is who it says, in gathered calls each of those who ask."""
        if kwargs or len(args) != 2:
            raise IncorrectSignature("a call has two arguments by position: actor and payload")
        name = f"{self.container.service_name}.{self.method_name}"
        call = getattr(self.container.service_cls, "calls", {}).get(self.method_name)
        actor, payload = args
        try:
            seals.verify(actor, name)
            for one, _asked in payload["requests"] if call is not None and call.gathered else ():
                seals.verify(one, name)
        except (WiciError, TypeError, KeyError, ValueError):
            log.warning("actor_unverified", method=name)
            raise actor_unverified() from None

    def handle_result(self, message: Any, worker_ctx: Any, result: Any, exc_info: Any) -> Any:
        """The answer; a database that is away is a failure that the caller may mend by asking again."""
        if exc_info is not None:
            told = as_told(exc_info[1])
            exc_info = (type(told), told, exc_info[2])
        return super().handle_result(message, worker_ctx, result, exc_info)


rpc = _Rpc.decorator


class EventHandler(Consumer):
    """Handles an event at least once and never loses one.

    The queue is a quorum queue with a delivery limit; what fails every time lies in `dead.{queue}` until somebody looks
    (`python -m chassis.dead_letters`). A `broadcast` handler runs in every instance, on a queue that goes with it.
    """

    queue_consumer = _QueueConsumer()

    def __init__(self, event: Event, *, broadcast: bool = False, **kwargs: Any) -> None:
        self.event = event
        self.broadcast = broadcast
        super().__init__(queue=None, requeue_on_error=not broadcast, **kwargs)

    def setup(self) -> None:
        subscription = f"{self.container.service_name}.{self.method_name}"
        if not self.broadcast and subscription not in SUBSCRIPTIONS.get(self.event, ()):
            raise config.ConfigError(f"{subscription} is not in contracts.events.SUBSCRIPTIONS for {self.event.name}")
        name = topology.event_queue(self.event, self.container.service_name, self.method_name)
        if self.broadcast:
            exchange = Exchange(topology.event_exchange(self.event.source), type="topic", no_declare=True)
            self.queue = Queue(
                f"{name}-{new_id()}", exchange=exchange, routing_key=self.event.name, exclusive=True, auto_delete=True
            )
        else:
            self.queue = Queue(name, no_declare=True)
        super().setup()

    def handle_message(self, body: Any, message: Any) -> None:
        try:
            loaded = self.event.schema().load(body)
        except Exception as error:
            log.error("event_unreadable", queue=self.queue.name, error=error)
            message.reject()  # to the dead-letter queue at once: it will not become readable
            return
        super().handle_message(loaded, message)

    def handle_message_processed(self, message: Any, result: Any = None, exc_info: Any = None) -> None:
        outcome = "failed" if exc_info else "handled"
        EVENTS_HANDLED.labels(self.method_name, outcome).inc()
        if exc_info and self.requeue_on_error:
            tries = int((message.headers or {}).get("x-delivery-count", 0))
            eventlet.sleep(seconds_to_retry(exc_info[1], tries))
        super().handle_message_processed(message, result, exc_info)


def seconds_to_retry(error: BaseException, tries: int) -> float:
    """How long an event that failed waits until it is delivered again."""
    if fault_of(error) is Fault.SERVER:
        return SERVER_RETRY_SECONDS[min(tries, len(SERVER_RETRY_SECONDS) - 1)]
    return float(EVENT_RETRY_SECONDS * 2**tries)


event_handler = EventHandler.decorator
