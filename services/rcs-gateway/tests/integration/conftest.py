"""Real PostgreSQL, RabbitMQ and the simulated Google; what comes out on the lanes is collected."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import urllib.request
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from keys_of_tests import RSA_PEM

from channel import plain
from channel.testing import answer_for_contacts
from chassis.broker import Broker
from chassis.bus_messages import Delivery
from chassis.database import Database
from chassis.ids import new_id
from chassis.secrets import Vault
from chassis.testing import SECRET_KEYS, Launcher, RunningProcess, free_port, truncate, wait_until
from chassis.topology import event_queue
from contracts import lanes
from contracts.events import RCS_ADDRESSES_REFUSED
from contracts.lanes import RCS_REPORTS, channel_lane
from contracts.vocabulary import Channel, Lane
from rcs_gateway.usecases import agents

GOOGLE_ID, TOKEN = "shop_agent", "SJENCPGJESMGUFPY"
CONTENT = {
    "kind": "single",
    "text": "Hej {{ first_name }}",
    "suggestions": [{"type": "reply", "text": "Tak", "postback": "yes"}, {"type": "reply", "text": "Nie"}],
}
OPERATOR: Any = {"operator_id": str(uuid4())}


class GooglePeer:
    """The simulated RCS of Google as a process of its own, whose webhook leads straight into the lane."""

    def __init__(self, broker: Broker) -> None:
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "wici_simulators.rcs", "--port", str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self._broker, self._known = broker, {}
        self._hook = self._start_hook()
        wait_until(self._answers, what="Google")

    def _answers(self) -> bool:
        try:
            return bool(self.call("/"))
        except OSError:
            return False

    def call(self, path: str, body: Any = None) -> Any:
        written = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.origin + path, written), timeout=10) as answer:
            return json.load(answer)

    def knows(self, account_id: UUID, agent_id: UUID) -> None:
        """Whose agent it is, as the gateway asks the service."""
        self._known = {"account_id": str(account_id), "agent_id": str(agent_id)}
        url = f"http://127.0.0.1:{self._hook.server_port}/"
        self.call("/settings", {"hooks": {GOOGLE_ID: {"url": url, "client_token": TOKEN}}})

    def say(self, phone: str, **event: Any) -> None:
        self.call("/say", {"agentId": GOOGLE_ID, "phone": phone, "event": event})

    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("/messages?limit=100000")["items"]
        return found

    def _start_hook(self) -> ThreadingHTTPServer:
        peer = self

        class Hook(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                event = json.loads(b64decode(body["message"]["data"]))
                report = {"v": 1, **peer._known, "event": event, "at": time.time()}
                peer._broker.publish(RCS_REPORTS, orjson.dumps(report)).result(10)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    @property
    def env(self) -> dict[str, str]:
        return {
            "RCS_URL": self.origin, "RCS_TOKEN_URL": f"{self.origin}/token", "RCS_RETRY_SECONDS": "0.2",
            "RCS_TIMEOUT_SECONDS": "2",
        }  # fmt: skip

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(10)
        self._hook.shutdown()
        self._hook.server_close()


@pytest.fixture
def google(broker: Broker) -> Iterator[GooglePeer]:
    peer = GooglePeer(broker)
    yield peer
    peer.stop()


@pytest.fixture(autouse=True)
def contacts(broker: Broker) -> None:
    """Before a channel tries a campaign's message again it asks contacts whom to leave out."""
    answer_for_contacts(broker)


@pytest.fixture
def database(open_database: Callable[[str], Database]) -> Database:
    opened = open_database("rcs_gateway")
    truncate(opened)
    return opened


@pytest.fixture
def outbound(launch: Launcher, database: Database, google: GooglePeer) -> Callable[..., RunningProcess]:
    return lambda **env: launch("rcs_gateway.outbound", service="rcs_gateway", env={**google.env, **env})


@dataclass
class Heard:
    """What came out on the lanes and as events."""

    events: list[dict[str, Any]] = field(default_factory=list)
    done: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def on_events(self, delivery: Delivery) -> None:
        with self.lock:
            self.events += orjson.loads(delivery.body)["events"]
        delivery.ack()

    def on_done(self, delivery: Delivery) -> None:
        body = orjson.loads(delivery.body)
        with self.lock:
            self.done[body["batch_id"]] = body
        delivery.ack()

    def on_refused(self, delivery: Delivery) -> None:
        with self.lock:
            self.refused += [one["address"] for one in orjson.loads(delivery.body)["addresses"]]
        delivery.ack()

    def kinds(self) -> dict[str, list[str]]:
        """What was told of each message, in the order of its coming."""
        with self.lock:
            told: dict[str, list[str]] = {}
            for event in self.events:
                told.setdefault(event["message_id"], []).append(event["kind"])
            return told

    def codes(self) -> dict[str, str]:
        """By address, of those that have one."""
        with self.lock:
            return {each["address"]: each["code"] for each in self.events if "code" in each and "address" in each}


@pytest.fixture
def heard(broker: Broker) -> Heard:
    made = Heard()
    broker.consume(lanes.DELIVERY_EVENTS, made.on_events, prefetch=50)
    broker.consume(lanes.BATCHES_DONE, made.on_done, prefetch=50)
    queue = event_queue(RCS_ADDRESSES_REFUSED, "contacts", "archive_rcs_refusals")
    broker.consume(queue, made.on_refused, prefetch=50)
    return made


@dataclass
class Shop:
    """An account with an active agent."""

    broker: Broker
    database: Database
    account_id: UUID
    agent_id: UUID
    content_hash: str

    @property
    def actor(self) -> Any:
        return {"account_id": str(self.account_id), "user_id": str(uuid4())}

    def keep(self, content: dict[str, Any]) -> None:
        with self.database.transaction() as session:
            self.content_hash = plain.keep_content(session, self.account_id, "shop", content)

    def send(self, phones: list[str], *, lane: Lane = Lane.BULK, send_id: UUID | None = None) -> str:
        recipients = [
            {"number": place, "contact_id": str(uuid4()), "address": phone, "fields": {"first_name": "Anna"}}
            for place, phone in enumerate(phones, 1)
        ]
        batch = {
            "v": 1, "batch_id": str(uuid4()), "account_id": str(self.account_id),
            "campaign_id": str(uuid4()) if lane is Lane.BULK else None, "send_id": str(send_id or new_id()),
            "content_hash": self.content_hash, "trace_id": "t", "recipients": recipients,
        }  # fmt: skip
        self.broker.publish(channel_lane(Channel.RCS, lane), orjson.dumps(batch)).result(10)
        return str(batch["batch_id"])


@pytest.fixture
def shop(broker: Broker, database: Database, google: GooglePeer) -> Shop:
    account_id, now = uuid4(), datetime.now(UTC)
    actor: Any = {"account_id": str(account_id), "user_id": str(uuid4())}
    with database.transaction() as session:
        made = agents.request_agent(session, actor=actor, now=now, name="shop", title="Shop", purpose=None)
        agents.set_agent_credentials(
            session, actor=OPERATOR, now=now, vault=Vault(SECRET_KEYS), agent_id=made["id"], reason="Test",
            google_id=GOOGLE_ID, client_email="rcs@shop.example", private_key=RSA_PEM.decode(), client_token=TOKEN,
        )  # fmt: skip
        agents.decide_agent(session, actor=OPERATOR, now=now, agent_id=made["id"], decision="activate", reason="Test")
        content_hash = plain.keep_content(session, account_id, "shop", CONTENT)
    google.knows(account_id, made["id"])
    return Shop(broker, database, account_id, made["id"], content_hash)


def phones(count: int, first: int = 0) -> list[str]:
    return [f"+4860{number:07d}" for number in range(first, first + count)]
