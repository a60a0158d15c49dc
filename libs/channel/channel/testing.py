"""For the tests of channels, which run without contacts and identity, and with a simulated provider."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import orjson

from chassis.broker import Broker
from chassis.bus_messages import Delivery
from chassis.testing import free_port, wait_until
from chassis.topology import RPC_EXCHANGE, event_queue
from contracts import lanes
from contracts.errors import WiciError
from contracts.events import Event


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


class Peer:
    """A simulated provider as a process of its own. :param module: `wici_simulators.ott`."""

    def __init__(self, module: str, *arguments: str) -> None:
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", module, "--port", str(self.port), *arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_until(self._answers, what=module)

    def _answers(self) -> bool:
        try:
            return bool(self.call("/"))
        except OSError:
            return False

    def call(self, path: str, body: Any = None) -> Any:
        written = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.origin + path, written), timeout=10) as answer:
            return json.load(answer)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(10)


@dataclass
class Heard:
    """What came out of a channel: delivery events, batches done, and addresses in its own events."""

    events: list[dict[str, Any]] = field(default_factory=list)
    done: dict[str, dict[str, Any]] = field(default_factory=dict)
    addresses: dict[str, list[str]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def on(cls, broker: Broker, *told: tuple[Event, str]) -> Heard:
        """Listens from now on. :param told: events whose `addresses` are collected by the event's name, and the method
        of contacts that would handle each."""
        heard = cls()
        broker.consume(lanes.DELIVERY_EVENTS, heard._on_events, prefetch=50)
        broker.consume(lanes.BATCHES_DONE, heard._on_done, prefetch=50)
        for event, method in told:
            heard.addresses[event.name] = []
            broker.consume(event_queue(event, "contacts", method), heard._collecting(event.name), prefetch=50)
        return heard

    def _on_events(self, delivery: Delivery) -> None:
        with self.lock:
            self.events += orjson.loads(delivery.body)["events"]
        delivery.ack()

    def _on_done(self, delivery: Delivery) -> None:
        body = orjson.loads(delivery.body)
        with self.lock:
            self.done[body["batch_id"]] = body
        delivery.ack()

    def _collecting(self, name: str) -> Callable[[Delivery], None]:
        def on_event(delivery: Delivery) -> None:
            with self.lock:
                found = orjson.loads(delivery.body)["addresses"]
                self.addresses[name] += [one if isinstance(one, str) else one["address"] for one in found]
            delivery.ack()

        return on_event

    def kinds(self, message_id: str) -> list[str]:
        """What was told of a message, sorted."""
        with self.lock:
            return sorted(event["kind"] for event in self.events if event["message_id"] == message_id)

    def in_order(self) -> dict[str, list[str]]:
        """What was told of each message, in the order of its coming."""
        with self.lock:
            told: dict[str, list[str]] = {}
            for event in self.events:
                told.setdefault(event["message_id"], []).append(event["kind"])
            return told

    def last(self) -> dict[str, dict[str, Any]]:
        """The last event of each address."""
        with self.lock:
            addressed = [event for event in self.events if "address" in event]
            return {event["address"]: event for event in sorted(addressed, key=lambda event: event["at"])}

    def outcomes(self, *addresses: str) -> dict[str, dict[str, Any]]:
        """The event of the outcome of each of these; reports name the message alone."""
        with self.lock:
            return {event["address"]: event for event in self.events if event.get("address") in addresses}


def of_sender(path: str, document: Any) -> dict[str, Any]:
    """`report_of` where a path ends with the sender's id, and the document goes on as it is."""
    return {"sender_id": path.rpartition("/")[2], "document": document}


@contextmanager
def hook_of_all(broker: Broker, lane: str, report_of: Callable[[str, Any], dict[str, Any]]) -> Iterator[str]:
    """In the gateway's place: an address below which what is posted goes into the lane.

    :param report_of: what the gateway makes of a document that is posted to a path.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            report = {"v": 1, **report_of(self.path, document), "at": time.time()}
            broker.publish(lane, orjson.dumps(report)).result(10)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
