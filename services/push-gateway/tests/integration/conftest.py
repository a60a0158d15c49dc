"""Real PostgreSQL, RabbitMQ and the simulated providers; what comes out on the lanes is collected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from keys_of_tests import P256_PEM, RSA_PEM

from channel import plain
from channel.testing import Heard, Peer, answer_for_contacts
from chassis.broker import Broker
from chassis.database import Database
from chassis.ids import new_id
from chassis.secrets import Vault
from chassis.testing import SECRET_KEYS, Launcher, RunningProcess, truncate
from contracts.events import PUSH_DEVICES_GONE
from contracts.lanes import channel_lane
from contracts.vocabulary import Channel, Lane
from push_gateway.store import devices
from push_gateway.usecases import applications
from push_gateway.usecases.ports import Tools

CONTENT = {
    "title": "Hello {{ first_name }}",
    "body": "Your parcel is here",
    "translations": {"pl": {"title": "Cześć {{ first_name }}", "body": "Paczka czeka"}},
}


class ProvidersPeer(Peer):
    """The simulated FCM, APNs and push service."""

    def __init__(self) -> None:
        super().__init__("wici_simulators.push")

    def messages(self, provider: str) -> list[dict[str, Any]]:
        items = self.call("/messages?limit=100000")["items"]
        return [one for one in items if one["provider"] == provider]

    @property
    def env(self) -> dict[str, str]:
        return {
            "PUSH_FCM_URL": self.origin, "PUSH_FCM_TOKEN_URL": f"{self.origin}/token", "PUSH_APNS_URL": self.origin,
            "PUSH_APNS_SANDBOX_URL": self.origin, "PUSH_WEB_HOSTS": self.origin, "PUSH_RETRY_SECONDS": "0.2",
            "WICI_PUBLIC_URL": "https://wici.example", "PUSH_TIMEOUT_SECONDS": "5",
        }  # fmt: skip


@pytest.fixture
def providers() -> Iterator[ProvidersPeer]:
    peer = ProvidersPeer()
    yield peer
    peer.stop()


@pytest.fixture(autouse=True)
def contacts(broker: Broker) -> None:
    """Before a channel tries a campaign's message again it asks contacts whom to leave out."""
    answer_for_contacts(broker)


@pytest.fixture
def database(open_database: Callable[[str], Database]) -> Database:
    opened = open_database("push_gateway")
    truncate(opened)
    return opened


@pytest.fixture
def outbound(launch: Launcher, database: Database, providers: ProvidersPeer) -> Callable[..., RunningProcess]:
    return lambda **env: launch("push_gateway.outbound", service="push_gateway", env={**providers.env, **env})


class Told(Heard):
    @property
    def gone(self) -> set[str]:
        """Contacts without a device."""
        with self.lock:
            return set(self.addresses[PUSH_DEVICES_GONE.name])


@pytest.fixture
def heard(broker: Broker) -> Told:
    return Told.on(broker, (PUSH_DEVICES_GONE, "forget_devices"))


@dataclass
class Shop:
    """An account with an application that all three providers know, and its people."""

    broker: Broker
    database: Database
    account_id: UUID
    application_id: UUID
    content_hash: str
    tokens: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def device(
        self, platform: str, token: str, contact_id: UUID, *, keys: Any = None, language: str | None = None
    ) -> UUID:
        with self.database.transaction() as session:
            row = devices.put(
                session, id=new_id(), account=self.account_id, application=self.application_id, platform=platform,
                token=token, keys=keys, language=language, time_zone=None, contact=contact_id,
            )  # fmt: skip
        return UUID(str(row.id))

    def tokens_left(self) -> set[str]:
        with self.database.transaction() as session:
            rows = devices.of_application(
                session, self.account_id, self.application_id, contact_id=None, after=None, limit=10_000
            )
            return {row.token for row in rows}

    def send(self, addresses: list[str], *, lane: Lane = Lane.BULK, first: int = 1, send_id: UUID | None = None) -> str:
        recipients = [
            {"number": first + place, "contact_id": address, "address": address, "fields": {"first_name": "Anna"}}
            for place, address in enumerate(addresses)
        ]
        batch = {
            "v": 1, "batch_id": str(uuid4()), "account_id": str(self.account_id),
            "campaign_id": str(uuid4()) if lane is Lane.BULK else None, "send_id": str(send_id or new_id()),
            "content_hash": self.content_hash, "trace_id": "t", "recipients": recipients,
        }  # fmt: skip
        self.broker.publish(channel_lane(Channel.PUSH, lane), orjson.dumps(batch)).result(10)
        return str(batch["batch_id"])


@pytest.fixture
def shop(broker: Broker, database: Database) -> Shop:
    account_id = uuid4()
    actor: Any = {"account_id": str(account_id), "user_id": str(uuid4())}
    with database.transaction() as session:
        made = applications.create_application(
            session, actor=actor, now=datetime.now(UTC), tools=Tools(vault=Vault(SECRET_KEYS), web_hosts=()),
            name="shop", title="Shop", web_contact="push@shop.example",
            fcm={"project_id": "shop-1", "client_email": "push@shop.example", "private_key": RSA_PEM.decode()},
            apns={
                "team_id": "TEAM123456", "key_id": "KEY1234567", "private_key": P256_PEM.decode(),
                "topic": "com.shop", "sandbox": False,
            },
        )  # fmt: skip
        content_hash = plain.keep_content(session, account_id, "shop", CONTENT)
    return Shop(broker, database, account_id, made["id"], content_hash)
