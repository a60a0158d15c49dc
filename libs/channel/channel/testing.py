"""For the tests of channels, which run without contacts and identity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import orjson

from chassis.broker import Broker
from chassis.topology import RPC_EXCHANGE
from contracts.errors import WiciError


def answer_for(broker: Broker, call: str, answer: Callable[[dict[str, Any], dict[str, Any]], Any]) -> None:
    """Answer `service.method` from now on by `answer(actor, payload)`, or by the error that it raises."""
    queue, answers = (f"test.{name}.{uuid4()}" for name in (call, "unused"))

    def on_call(wire: Any, _method: Any, asked: Any, body: bytes) -> None:
        properties = type(asked)(correlation_id=asked.correlation_id)
        told: dict[str, Any] = {"result": None, "error": None}
        try:
            told["result"] = answer(*orjson.loads(body)["args"])
        except WiciError as error:
            kind = type(error)
            path = f"{kind.__module__}.{kind.__qualname__}"
            told["error"] = {"exc_type": kind.__name__, "exc_path": path, "exc_args": error.args, "value": str(error)}
        wire.basic_publish(RPC_EXCHANGE, str(asked.reply_to), orjson.dumps(told), properties)

    def declare(wire: Any) -> None:
        for name in (queue, answers):
            wire.queue_declare(name, exclusive=True)
        wire.queue_bind(queue, RPC_EXCHANGE, routing_key=call)
        wire.basic_consume(queue, on_call, auto_ack=True)

    broker.consume(answers, lambda delivery: delivery.ack(), declare=declare)


def answer_for_contacts(broker: Broker) -> None:
    """Answer `contacts.check_addressees` from now on: nobody is to be left out."""
    answer_for(broker, "contacts.check_addressees", lambda _actor, _payload: {"left_out": []})


def answer_for_identity(broker: Broker, lease: Callable[[dict[str, Any], dict[str, Any]], Any] | None = None) -> None:
    """Answer for the quota from now on: whatever is asked for is granted, but for what `lease` says."""

    def grant(actor: dict[str, Any], payload: dict[str, Any]) -> Any:
        told = lease(actor, payload) if lease else None
        return told or {"granted": payload["wanted"], "has_ended": False}

    answer_for(broker, "identity.lease_quota", grant)
    answer_for(broker, "identity.use_quota", lambda _actor, payload: {"used": payload["amount"]})
    answer_for(broker, "identity.release_quota", lambda _actor, _payload: {"released": 0})
