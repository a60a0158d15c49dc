"""For the tests of channels, which run without contacts."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import orjson

from chassis.broker import Broker
from chassis.topology import RPC_EXCHANGE


def answer_for_contacts(broker: Broker) -> None:
    """Answer `contacts.check_addressees` from now on: nobody is to be left out."""
    queue, answers = (f"test.{name}.{uuid4()}" for name in ("contacts", "unused"))

    def answer(wire: Any, _method: Any, asked: Any, _body: bytes) -> None:
        properties = type(asked)(correlation_id=asked.correlation_id)
        body = orjson.dumps({"result": {"left_out": []}, "error": None})
        wire.basic_publish(RPC_EXCHANGE, str(asked.reply_to), body, properties)

    def declare(wire: Any) -> None:
        for name in (queue, answers):
            wire.queue_declare(name, exclusive=True)
        wire.queue_bind(queue, RPC_EXCHANGE, routing_key="contacts.check_addressees")
        wire.basic_consume(queue, answer, auto_ack=True)

    broker.consume(answers, lambda delivery: delivery.ack(), declare=declare)
