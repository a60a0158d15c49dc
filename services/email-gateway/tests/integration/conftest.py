"""A sender with real neighbours: PostgreSQL, RabbitMQ and the mailbox world; what it says on the lanes is collected."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text

from channel.testing import answer_for_contacts
from chassis.broker import Broker
from chassis.bus_messages import Delivery
from chassis.database import Database
from chassis.ids import new_id
from chassis.secrets import Vault
from chassis.testing import SECRET_KEYS, Launcher, RunningProcess, free_port, truncate, wait_until
from chassis.topology import event_queue
from contracts import lanes
from contracts.events import EMAIL_ADDRESSES_REFUSED
from contracts.lanes import channel_lane
from contracts.vocabulary import Channel, Lane
from email_gateway.content import dkim
from email_gateway.content.prepare import Kind, prepare
from email_gateway.domain.senders import SenderState
from email_gateway.models import DkimKey, SenderDomain
from email_gateway.usecases import contents

from .asking import DOMAIN, call, identity, service  # noqa: F401  (fixtures)

HTML = """<html><body><p>Cześć {{ first_name|default("Kliencie") }}</p><a href="https://sklep.example/oferta">Oferta</a>
<a href="{{ unsubscribe_url }}">Wypisz</a></body></html>"""


@dataclass
class World:
    """The simulated recipients."""

    smtp_port: int
    http_port: int
    process: subprocess.Popen[bytes]

    def call(self, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http_port}{path}", data=None if body is None else json.dumps(body).encode()
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            content = answer.read()
            return content if answer.headers.get_content_type() == "message/rfc822" else json.loads(content)

    def is_up(self) -> bool:
        try:
            return bool(self.call("/settings"))
        except (OSError, urllib.error.URLError):
            return False

    def mails(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while page := self.call(f"/messages?after={len(found)}&limit=10000")["messages"]:
            found += page
        return found


@pytest.fixture
def world() -> Iterator[World]:
    smtp_port, http_port = free_port(), free_port()
    command = [sys.executable, "-m", "wici_simulators.mailbox", "--port", str(smtp_port), "--http-port", str(http_port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    made = World(smtp_port, http_port, process)
    wait_until(made.is_up, what="the mailbox world")
    yield made
    made.process.kill()  # a test may have put another in its place, or have stopped it
    made.process.wait(10)


@pytest.fixture(autouse=True)
def contacts(broker: Broker) -> None:
    """Before a channel tries a campaign's message again it asks contacts whom to leave out."""
    answer_for_contacts(broker)


@pytest.fixture
def database(open_database: Callable[[str], Database]) -> Database:
    opened = open_database("email_gateway")
    truncate(opened)
    return opened


@pytest.fixture
def sender(launch: Launcher, database: Database, world: World) -> RunningProcess:
    return launch("email_gateway.outbound", service="email_gateway", env=sender_env(world))


def sender_env(world: World, **more: str) -> dict[str, str]:
    return {
        "EMAIL_DEFAULT_ROUTE": f"smtp://127.0.0.1:{world.smtp_port}?tls=off&connections=4",
        "EMAIL_RETRY_BASE_SECONDS": "0.3",
        **more,
    }


@dataclass
class Heard:
    """What came out on the lanes; consumed by this test's own queue readers."""

    events: list[dict[str, Any]] = field(default_factory=list)
    done: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    archived: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def on_events(self, delivery: Delivery) -> None:
        with self.lock:
            self.events += orjson.loads(delivery.body)["events"]
        delivery.ack()

    def on_done(self, delivery: Delivery) -> None:
        body = orjson.loads(delivery.body)
        with self.lock:
            self.done[body["batch_id"]].append(body)
        delivery.ack()

    def on_refused(self, delivery: Delivery) -> None:
        with self.lock:
            self.archived |= {one["address"] for one in orjson.loads(delivery.body)["addresses"]}
        delivery.ack()

    def last_kinds(self, account_id: UUID) -> dict[str, str]:
        """The last kind said of each message of the account.

        By its moment: what a dead process had not published yet comes after what became of the message since.
        """
        events = sorted(self.of(account_id), key=lambda event: event["at"])
        return {event["message_id"]: event["kind"] for event in events}

    def of(self, account_id: UUID) -> list[dict[str, Any]]:
        with self.lock:
            return [event for event in self.events if event["account_id"] == str(account_id)]


@pytest.fixture
def heard(broker: Broker) -> Heard:
    made = Heard()
    broker.consume(lanes.DELIVERY_EVENTS, made.on_events, prefetch=50)
    broker.consume(lanes.BATCHES_DONE, made.on_done, prefetch=50)
    queue = event_queue(EMAIL_ADDRESSES_REFUSED, "contacts", "archive_email_refusals")
    broker.consume(queue, made.on_refused, prefetch=50)
    return made


@dataclass
class Campaign:
    """A content and batches of it, as the dispatcher would publish them."""

    broker: Broker
    account_id: UUID
    content_hash: str
    campaign_id: UUID = field(default_factory=uuid4)
    send_id: UUID = field(default_factory=new_id)

    def batch(self, addresses: list[str], first: int = 1, **fields: Any) -> dict[str, Any]:
        recipients = [
            {
                "number": first + offset,
                "contact_id": str(UUID(int=first + offset)),
                "address": address,
                "fields": {"first_name": f"Osoba {first + offset}", **fields},
            }
            for offset, address in enumerate(addresses)
        ]
        return {
            "v": 1, "batch_id": str(uuid4()), "account_id": str(self.account_id), "campaign_id": str(self.campaign_id),
            "send_id": str(self.send_id), "content_hash": self.content_hash, "trace_id": "t", "recipients": recipients,
        }  # fmt: skip

    def publish(self, batch: dict[str, Any]) -> None:
        self.broker.publish(channel_lane(Channel.EMAIL, Lane.BULK), orjson.dumps(batch)).result(10)


@pytest.fixture
def campaign(broker: Broker, database: Database) -> Campaign:
    account_id = uuid4()
    return Campaign(broker, account_id, store_content(database, account_id))


def store_content(database: Database, account_id: UUID, *, state: str = SenderState.VERIFIED) -> str:
    """A sender domain with a key, and a campaign content; returns the content's hash."""
    pem = dkim.new_private_key("rsa")
    domain = SenderDomain(
        domain_id=new_id(), account_id=account_id, domain=DOMAIN, state=state, ownership_token="x",
        found={"return_path": True, "spf": True}, verified_at=datetime.now(UTC),
    )  # fmt: skip
    record = dkim.dns_record(dkim.load_signer(DOMAIN, "wici1", pem))
    domain.keys.append(
        DkimKey(
            key_id=new_id(),
            algorithm="rsa",
            selector="wici1",
            record=record,
            sealed_key=Vault(SECRET_KEYS).encrypt(pem),
        )
    )
    content = {
        "from_email": f"news@{DOMAIN}",
        "from_name": "Sklep Łąka",
        "subject": "Witaj {{ first_name }}",
        "html": HTML,
    }
    prepared = prepare(content, Kind.CAMPAIGN, account_id)
    with database.transaction() as session:
        session.add(domain)
        contents.keep(session, account_id, prepared)
    assert prepared.content_hash is not None
    return prepared.content_hash


def states(database: Database, account_id: UUID) -> dict[str, int]:
    """How many messages of the account the ledger has in each state."""
    with database.transaction() as session:
        rows = session.execute(
            text("SELECT state, count(*) FROM ledger WHERE account_id = :account_id GROUP BY state"),
            {"account_id": account_id},
        )
        return {row[0]: row[1] for row in rows}
