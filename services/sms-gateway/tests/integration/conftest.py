"""Real PostgreSQL, RabbitMQ and the simulated carrier."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from raw_carrier import Carrier, RawSmsc

from channel.testing import answer_for_contacts
from chassis.broker import Broker
from chassis.bus_messages import Delivery
from chassis.database import Database
from chassis.ids import new_id
from chassis.secrets import Vault
from chassis.testing import SECRET_KEYS, Launcher, RunningProcess, free_port, truncate, wait_until
from contracts import ids, lanes
from contracts.vocabulary import STATE_RANK, MessageState
from sms_gateway.smpp import pdu as smpp
from sms_gateway.store import contents
from sms_gateway.usecases import carriers

FINAL = ("delivered", "undelivered", "expired", "rejected")


class Smsc:
    """The simulated carrier as a process of its own."""

    def __init__(self, **settings: Any) -> None:
        self.port, self.http_port = free_port(), free_port()
        self._process = subprocess.Popen(
            [
                sys.executable, "-m", "wici_simulators.smsc", "--port", str(self.port), "--http-port",
                str(self.http_port), "--settings", json.dumps(settings),
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(self._answers, what="the simulated carrier")

    def _answers(self) -> bool:
        try:
            return bool(self.get("/counts"))
        except OSError:
            return False

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=10) as answer:
            return json.load(answer)

    def change(self, **settings: Any) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http_port}/settings", json.dumps(settings).encode(), method="POST"
        )
        urllib.request.urlopen(request, timeout=10).read()

    def messages(self) -> list[dict[str, Any]]:
        """Every submit_sm that it answered for good."""
        return list(self.get("/messages?limit=50000")["items"])

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(10)


@pytest.fixture
def smsc() -> Iterator[Callable[..., Smsc]]:
    running: list[Smsc] = []

    def start(**settings: Any) -> Smsc:
        running.append(Smsc(**{"receipt_delay": 0.1, **settings}))
        return running[-1]

    yield start
    for each in running:
        each.stop()


@pytest.fixture
def raw() -> Iterator[Callable[..., RawSmsc]]:
    running: list[RawSmsc] = []

    def start(on_submit: Callable[[Carrier, smpp.Pdu, asyncio.StreamWriter], None]) -> RawSmsc:
        running.append(RawSmsc(on_submit))
        return running[-1]

    yield start
    for each in running:
        each.stop()


OPERATORS: dict[str, Any] = {"actor": {"operator_id": str(new_id())}, "now": datetime.now(UTC), "reason": "Test"}


@pytest.fixture(autouse=True)
def contacts(broker: Broker) -> None:
    """Before a channel tries a campaign's message again it asks contacts whom to leave out."""
    answer_for_contacts(broker)


@pytest.fixture
def database(open_database: Callable[[str], Database]) -> Database:
    opened = open_database("sms_gateway")
    truncate(opened)
    return opened


@pytest.fixture
def carrier(database: Database) -> Callable[..., UUID]:
    """`carrier(smsc, window=50)` points a carrier and a route at a simulator."""

    def make(target: Smsc, *, prefix: str = "", priority: int = 100, **fields: Any) -> UUID:
        with database.transaction() as session:
            made = carriers.create_carrier(
                session,
                **OPERATORS,
                vault=Vault(SECRET_KEYS),
                name=f"c{target.port}",
                host="127.0.0.1",
                port=target.port,
                system_id="wici",
                password="secret",
                **fields,
            )
            carriers.create_route(session, **OPERATORS, carrier_id=made["id"], prefix=prefix, priority=priority)
            return made["id"]

    return make


@pytest.fixture
def outbound(launch: Launcher) -> Callable[..., RunningProcess]:
    def start(**env: str) -> RunningProcess:
        return launch("sms_gateway.outbound", service="sms_gateway", env=env)

    return start


class Lanes:
    """Stands for campaigns and reporting: puts batches in, collects what comes out."""

    def __init__(self, broker: Broker, database: Database) -> None:
        self._broker, self._database = broker, database
        self.events: list[dict[str, Any]] = []
        self.done: list[dict[str, Any]] = []
        self.account_id, self.campaign_id, self.send_id = new_id(), new_id(), new_id()
        broker.consume(lanes.DELIVERY_EVENTS, self._on_events)
        broker.consume(lanes.BATCHES_DONE, self._on_done)

    def _on_events(self, delivery: Delivery) -> None:
        # The vhost is the session's: what another test left behind is not ours.
        events = orjson.loads(delivery.body)["events"]
        self.events += [event for event in events if event["account_id"] == str(self.account_id)]
        delivery.ack()

    def _on_done(self, delivery: Delivery) -> None:
        done = orjson.loads(delivery.body)
        if done["campaign_id"] == str(self.campaign_id):
            self.done.append(done)
        delivery.ack()

    def content(self, text: str, sender: str = "Wici", **more: Any) -> str:
        with self._database.transaction() as session:
            return contents.keep_content(
                session, account_id=self.account_id, sender=sender, content={"text": text, **more}
            )

    def batches(self, content_hash: str, addresses: list[str], *, first: int = 1, size: int = 500) -> list[bytes]:
        """A campaign's batches, as the dispatcher would publish them."""
        made = []
        for start in range(0, len(addresses), size):
            recipients = [
                {
                    "number": first + start + offset,
                    "contact_id": str(new_id()),
                    "address": address,
                    "fields": {"first_name": "Ola"},
                }
                for offset, address in enumerate(addresses[start : start + size])
            ]
            made.append(orjson.dumps({
                "v": 1, "batch_id": str(new_id()), "account_id": str(self.account_id),
                "campaign_id": str(self.campaign_id),
                "send_id": str(self.send_id), "content_hash": content_hash, "trace_id": "t",
                "recipients": recipients,
            }))  # fmt: skip
        return made

    def publish(self, batches: list[bytes], lane: str = "bulk") -> None:
        for future in [self._broker.publish(f"lane.sms.{lane}", batch) for batch in batches]:
            future.result(10)

    def message_id(self, number: int) -> str:
        return str(ids.message_id(self.send_id, number))

    def states(self) -> dict[str, str]:
        """The last told state of each message, by rank as reporting does it."""
        best: dict[str, str] = {}
        for event in list(self.events):
            kind = event["kind"]
            known = best.get(event["message_id"])
            if known is None or STATE_RANK[MessageState(kind)] > STATE_RANK[MessageState(known)]:
                best[event["message_id"]] = kind
        return best

    def wait_final(self, count: int, timeout: float = 30.0) -> dict[str, str]:
        wait_until(
            lambda: sum(state in FINAL for state in self.states().values()) >= count,
            timeout=timeout, what=f"{count} final states (there are {len(self.states())})",
        )  # fmt: skip
        return self.states()


@pytest.fixture
def campaign(broker: Broker, database: Database) -> Iterator[Lanes]:
    yield Lanes(broker, database)
