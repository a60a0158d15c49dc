"""Real PostgreSQL, RabbitMQ and the simulated Google; what comes out on the lanes is collected."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from keys_of_tests import RSA_PEM

from channel import plain
from channel.testing import Heard, Peer, answer_for_contacts, hook_of_all
from chassis.broker import Broker
from chassis.database import Database
from chassis.ids import new_id
from chassis.secrets import Vault
from chassis.testing import SECRET_KEYS, Launcher, RunningProcess, truncate
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


class GooglePeer(Peer):
    """The simulated RCS of Google."""

    def __init__(self) -> None:
        super().__init__("wici_simulators.rcs")

    def reports_to(self, hook: str) -> None:
        self.call("/settings", {"hooks": {GOOGLE_ID: {"url": hook, "client_token": TOKEN}}})

    def say(self, phone: str, **event: Any) -> None:
        self.call("/say", {"agentId": GOOGLE_ID, "phone": phone, "event": event})

    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("/messages?limit=100000")["items"]
        return found

    @property
    def env(self) -> dict[str, str]:
        return {
            "RCS_URL": self.origin, "RCS_TOKEN_URL": f"{self.origin}/token", "RCS_RETRY_SECONDS": "0.2",
            "RCS_TIMEOUT_SECONDS": "2",
        }  # fmt: skip


@pytest.fixture
def google() -> Iterator[GooglePeer]:
    peer = GooglePeer()
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


class Told(Heard):
    @property
    def refused(self) -> list[str]:
        """Who said STOP."""
        with self.lock:
            return list(self.addresses[RCS_ADDRESSES_REFUSED.name])

    def codes(self) -> dict[str, str]:
        """By address, of those that have one."""
        with self.lock:
            return {each["address"]: each["code"] for each in self.events if "code" in each and "address" in each}


@pytest.fixture
def heard(broker: Broker) -> Told:
    return Told.on(broker, (RCS_ADDRESSES_REFUSED, "archive_rcs_refusals"))


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
def shop(broker: Broker, database: Database, google: GooglePeer) -> Iterator[Shop]:
    """Its agent reports to the lane, as the gateway that has asked the service whose it is."""
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
    whose = {"account_id": str(account_id), "agent_id": str(made["id"])}

    def report_of(_path: str, document: Any) -> dict[str, Any]:
        return {**whose, "event": json.loads(b64decode(document["message"]["data"]))}

    with hook_of_all(broker, RCS_REPORTS, report_of) as origin:
        google.reports_to(f"{origin}/")
        yield Shop(broker, database, account_id, made["id"], content_hash)


def phones(count: int, first: int = 0) -> list[str]:
    return [f"+4860{number:07d}" for number in range(first, first + count)]
