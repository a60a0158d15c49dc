"""Calling a service: Nameko's RPC over the process's own broker connection, from any thread.

Every call has a deadline, and the request expires with it: a request that nobody took in time is never run later.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any
from uuid import uuid4

import orjson
import structlog

from chassis import seals, spans
from chassis.broker import Broker
from chassis.bus_messages import PublishFailed
from chassis.topology import RPC_EXCHANGE, reply_key, reply_queue
from contracts.errors import KINDS, Unavailable, WiciError
from contracts.rpc import Actor

DEFAULT_DEADLINE = 10.0


Seal = Callable[[Mapping[str, Any], str], dict[str, Any]]


class Gathered(dict[str, Any]):
    """The payload of a gathered call, `chassis.gathering`: `{"requests": [(actor, payload), …], "seconds": 0.5}`.

    The actors are sealed one by one.
    """


class RemoteFailure(Exception):
    """The service failed in a way that it did not foresee; its own log has the traceback."""


class RpcClient:
    """Calls multiplexed over one connection by correlation id.

    :param broker: a broker whose replies arrive on an exclusive queue of this client
    :param seal: `seal(actor, call)` vouches for the actor: the gateway's for whom it has let in, a service's
        (`seals.passed_on`) for whom it was asked by, and itself.
    """

    def __init__(self, broker: Broker, seal: Seal = seals.sealed) -> None:
        seals.check_keys()
        self._broker = broker
        self._seal = seal
        self._waiting: dict[str, Future[dict[str, Any]]] = {}
        self._lock = threading.Lock()
        self._subscribed = threading.Event()
        client = (broker.user, str(uuid4()))
        self._reply_key, self._reply_queue = reply_key(*client), reply_queue(*client)
        broker.when_lost(self._on_lost)
        broker.when_blocked(self._give_up)
        broker.when_returned(self._on_returned)
        broker.consume(self._reply_queue, self._on_reply, prefetch=0, no_ack=True, declare=self._declare)

    def call(
        self, name: str, actor: Actor | dict[str, Any], payload: dict[str, Any], *, deadline: float = DEFAULT_DEADLINE
    ) -> Any:
        """Call `service.method` and return its result.

        :param deadline: seconds until `Unavailable("service.timeout")`.
        :raises WiciError: what the service raised, as it raised it; `Unavailable` when nobody answers; `Forbidden` when
            the actor is not one to vouch for.
        :raises RemoteFailure: the service failed unexpectedly.
        """
        ends = time.monotonic() + deadline
        if isinstance(payload, Gathered):
            payload = {**payload, "requests": [(self._seal(one, name), asked) for one, asked in payload["requests"]]}
        if not self._subscribed.wait(deadline):
            raise Unavailable("broker.unavailable", "The message broker does not answer.")
        call_id = str(uuid4())
        reply: Future[dict[str, Any]] = Future()
        with self._lock:
            self._waiting[call_id] = reply
        try:
            with spans.span(name, spans.Kind.CLIENT):
                return self._answer(name, actor, payload, reply, call_id, deadline, ends)
        finally:
            with self._lock:
                self._waiting.pop(call_id, None)

    def _answer(
        self,
        name: str,
        actor: Any,
        payload: dict[str, Any],
        reply: Future[dict[str, Any]],
        call_id: str,
        deadline: float,
        ends: float,
    ) -> Any:
        try:
            self._broker.ask(
                name,
                orjson.dumps({"args": [self._seal(actor, name), payload], "kwargs": {}}, default=str),
                headers=_context(actor),
                expiration=str(max(1, int(deadline * 1000))),
                reply_to=self._reply_key,
                correlation_id=call_id,
            )
            answer = reply.result(max(0.0, ends - time.monotonic()))
        except PublishFailed:  # nothing was sent
            raise Unavailable("broker.unavailable", "The message broker does not answer.") from None
        except (FutureTimeout, TimeoutError):
            raise Unavailable("service.timeout", f"{name} did not answer within {deadline:g} s.") from None
        if answer.get("error"):
            raise _rebuild(name, answer["error"])
        return answer["result"]

    def _declare(self, channel: Any) -> None:
        channel.queue_declare(self._reply_queue, exclusive=True, auto_delete=True)
        channel.queue_bind(
            self._reply_queue,
            RPC_EXCHANGE,
            routing_key=self._reply_key,
            callback=lambda _frame: self._subscribed.set(),
        )

    def _on_lost(self) -> None:
        # The reply queue goes with the connection: nothing that is waited for can still come.
        self._subscribed.clear()
        self._give_up()

    def _give_up(self) -> None:
        with self._lock:
            waiting = list(self._waiting.values())
        for reply in waiting:
            if not reply.done():
                reply.set_exception(_unanswered())

    def _on_returned(self, call_id: str, name: str) -> None:
        with self._lock:
            reply = self._waiting.get(call_id)
        if reply is not None and not reply.done():
            reply.set_exception(Unavailable("service.unavailable", f"Nobody takes {name} at the moment."))

    def _on_reply(self, delivery: Any) -> None:
        with self._lock:
            reply = self._waiting.get(delivery.correlation_id)
        if reply is None or reply.done():
            return
        try:
            reply.set_result(orjson.loads(delivery.body))
        except orjson.JSONDecodeError:
            reply.set_exception(RemoteFailure("an answer is not JSON"))


def _context(actor: Any) -> dict[str, str]:
    """Headers that Nameko turns into the worker's context data."""
    trace_id = structlog.contextvars.get_contextvars().get("trace_id") or actor.get("request_id") or str(uuid4())
    headers = {"nameko.trace_id": str(trace_id)}
    if span_id := spans.current():
        headers["nameko.span_id"] = span_id
    if actor.get("account_id"):
        headers["nameko.account_id"] = str(actor["account_id"])
    return headers


def _unanswered() -> Unavailable:
    """The call may be on its way, or done."""
    return Unavailable("service.unanswered", "The connection to the broker was lost before an answer came.")


def _rebuild(name: str, error: dict[str, Any]) -> Exception:
    kind = KINDS.get(str(error.get("exc_path", "")).removeprefix("contracts.errors."))
    if kind is not None:
        return kind(*error["exc_args"])
    if error.get("exc_type") in ("MethodNotFound", "IncorrectSignature", "MalformedRequest"):
        return RemoteFailure(f"{name}: {error.get('exc_type')} {error.get('value')}")
    return RemoteFailure(f"{name} failed: {error.get('exc_type')}")


__all__ = ["DEFAULT_DEADLINE", "RemoteFailure", "RpcClient", "WiciError"]
