"""The only place of the gateway that speaks RPC and hears events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol
from uuid import uuid4

from chassis.broker import Broker, event_exchange
from chassis.rpc_client import RemoteFailure, RpcClient
from contracts.events import ACCESS_CHANGED
from contracts.rpc import Actor

__all__ = ["Broadcast", "RemoteFailure", "RpcClient", "Services"]


class Services(Protocol):
    """Asks a service; `chassis.rpc_client.RpcClient` and the fakes of tests fit."""

    def call(
        self, name: str, actor: Actor | dict[str, Any], payload: dict[str, Any], *, deadline: float = 10.0
    ) -> Any: ...


class Broadcast:
    """The `access_changed` broadcast, heard by every worker process on a queue of its own.

    While the connection is away the queue is gone too, and what was said meanwhile is lost: `is_heard` is then false,
    and on its return `on_change` is called, so that nothing learnt before is trusted.
    """

    def __init__(self, broker: Broker, on_change: Callable[[], None]) -> None:
        self._broker = broker
        self._on_change = on_change
        self._bound = False
        self._queue = f"evt-{ACCESS_CHANGED.source}-{ACCESS_CHANGED.name}--api_gateway.{uuid4()}"
        broker.consume(self._queue, lambda _delivery: on_change(), prefetch=0, no_ack=True, declare=self._declare)

    @property
    def is_heard(self) -> bool:
        return self._bound and self._broker.is_connected

    def _declare(self, channel: Any) -> None:
        self._bound = False
        channel.queue_declare(self._queue, exclusive=True, auto_delete=True)
        channel.queue_bind(
            self._queue, event_exchange(ACCESS_CHANGED.source), ACCESS_CHANGED.name, callback=self._on_bound
        )

    def _on_bound(self, _frame: Any) -> None:
        self._on_change()
        self._bound = True
