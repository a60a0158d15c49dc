"""The only place of the gateway that speaks RPC and hears events."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import uuid4

import orjson

from api_gateway.addresses import neighbourhood
from api_gateway.turns import Turns
from chassis.broker import Broker
from chassis.gathering import Gatherer
from chassis.rpc_client import RemoteFailure, RpcClient
from chassis.topology import event_exchange
from contracts import (
    campaigns,
    contacts,
    email_gateway,
    identity,
    ott_gateway,
    push_gateway,
    rcs_gateway,
    reporting,
    sms_gateway,
    viber_gateway,
)
from contracts.errors import Unavailable, WiciError
from contracts.events import ACCESS_CHANGED
from contracts.rpc import Actor

__all__ = ["Broadcast", "Bus", "RemoteFailure", "RpcClient", "Services", "gathering_client"]

# A service that has let its callers wait for so long is taken for stalled.
STALLED_SECONDS = 1.0
STALLED_RETRY = 5
# How long a request waits for its turn to ask.
TURN_SECONDS = 2.5


def gathering_client(broker: Broker) -> Gatherer:
    """Asks services; the calls that the contracts gather share RPCs."""
    gathered = {
        f"{contract.__name__.removeprefix('contracts.')}.{name}"
        for contract in (
            contacts,
            campaigns,
            email_gateway,
            identity,
            ott_gateway,
            push_gateway,
            rcs_gateway,
            reporting,
            sms_gateway,
            viber_gateway,
        )
        for name, call in contract.RPC.items()
        if call.gathered
    }
    return Gatherer(RpcClient(broker), gathered, is_large=lambda payload: bool(payload.get("attachments")))


class Services(Protocol):
    """Asks a service; `chassis.rpc_client.RpcClient` and the fakes of tests fit."""

    def call(
        self, name: str, actor: Actor | dict[str, Any], payload: dict[str, Any], *, deadline: float = 10.0
    ) -> Any: ...


@dataclass(slots=True)
class _Waiting:
    """Who waits for one service, and since when it has said nothing."""

    callers: int = 0
    quiet_since: float = 0.0

    def is_stalled(self, now: float) -> bool:
        return self.callers > 0 and now - self.quiet_since > STALLED_SECONDS


class Bus:
    """Asks services without letting a dead one, or one tenant, take all threads.

    A request to a service that is down waits for its whole deadline. So no more than `calls` threads of this process
    ask at the same time, fewer than there are, and no account (or address, without a login) takes the turns of the
    others. Once a service has been silent for a second, no
    more than half of the calls may wait for such services; a further request to one of them, or one that still waits
    for a turn, is refused. Without a broker nobody waits at all.
    """

    def __init__(
        self,
        services: Services,
        *,
        calls: int,
        is_connected: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._services = services
        self._turns = Turns(calls)
        self._patience = max(1, calls // 2)
        self._is_connected = is_connected
        self._clock = clock
        self._waiting_by_service: dict[str, _Waiting] = {}
        self._lock = threading.Lock()

    def call(self, name: str, actor: Actor | dict[str, Any], payload: dict[str, Any], *, deadline: float = 10.0) -> Any:
        """:raises Unavailable: at once, when the broker is away or the service is stalled; else as `RpcClient.call`."""
        if not self._is_connected():
            raise Unavailable("broker.unavailable", "The message broker does not answer.")
        subject = _who(actor)
        self._take_turn(subject)
        try:
            return self._ask(name, actor, payload, deadline)
        finally:
            self._turns.give_back(subject)

    def _take_turn(self, subject: str) -> None:
        ends = self._clock() + TURN_SECONDS

        def is_too_long() -> bool:
            with self._lock:
                now = self._clock()
                return now > ends or self._stalled_callers(now) > 0

        if not self._turns.take(subject, look_seconds=TURN_SECONDS / 10, give_up=is_too_long):
            raise Unavailable("gateway.busy", "Too much is going on.", {"retry_after": STALLED_RETRY})

    def _ask(self, name: str, actor: Any, payload: dict[str, Any], deadline: float) -> Any:
        waiting = self._join(name.partition(".")[0])
        answered = False
        try:
            result = self._services.call(name, actor, payload, deadline=deadline)
            answered = True
            return result
        except (WiciError, RemoteFailure) as error:
            answered = not isinstance(error, Unavailable)
            raise
        finally:
            self._leave(waiting, answered)

    def _join(self, service: str) -> _Waiting:
        with self._lock:
            now = self._clock()
            waiting = self._waiting_by_service.setdefault(service, _Waiting())
            if waiting.is_stalled(now) and self._stalled_callers(now) >= self._patience:
                raise Unavailable(
                    "service.stalled", f"{service} does not answer at the moment.", {"retry_after": STALLED_RETRY}
                )
            if waiting.callers == 0:
                waiting.quiet_since = now
            waiting.callers += 1
            return waiting

    def _stalled_callers(self, now: float) -> int:
        return sum(waiting.callers for waiting in self._waiting_by_service.values() if waiting.is_stalled(now))

    def _leave(self, waiting: _Waiting, answered: bool) -> None:
        with self._lock:
            waiting.callers -= 1
            if answered:
                waiting.quiet_since = self._clock()


def _who(actor: Actor | dict[str, Any]) -> str:
    """Whose turns count."""
    return str(actor.get("account_id") or actor.get("operator_id") or neighbourhood(str(actor.get("address"))))


class Broadcast:
    """The `access_changed` broadcast, heard by every worker process on a queue of its own.

    While the connection is away the queue is gone too, and what was said meanwhile is lost: `is_heard` is then false,
    and on its return everything learnt before is forgotten.

    :param forget: drops what is remembered of an account, or of everyone (None).
    """

    def __init__(self, broker: Broker, forget: Callable[[str | None], None]) -> None:
        self._broker = broker
        self._forget = forget
        self._bound = False
        self._queue = f"evt-{ACCESS_CHANGED.source}-{ACCESS_CHANGED.name}--api_gateway.{uuid4()}"
        broker.when_lost(self._on_lost)
        broker.consume(self._queue, self._on_delivery, prefetch=0, no_ack=True, declare=self._declare)

    @property
    def is_heard(self) -> bool:
        return self._bound

    def _on_delivery(self, delivery: Any) -> None:
        try:
            account_id = str(orjson.loads(delivery.body)["account_id"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            account_id = None
        self._forget(account_id)

    def _on_lost(self) -> None:
        self._bound = False

    def _declare(self, channel: Any) -> None:
        channel.queue_declare(self._queue, exclusive=True, auto_delete=True)
        channel.queue_bind(
            self._queue, event_exchange(ACCESS_CHANGED.source), ACCESS_CHANGED.name, callback=self._on_bound
        )

    def _on_bound(self, _frame: Any) -> None:
        self._forget(None)
        self._bound = True
