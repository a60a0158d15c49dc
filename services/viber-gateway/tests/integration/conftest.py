"""Real PostgreSQL, RabbitMQ and a simulated Viber; what comes out on the lanes is collected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text

from channel import plain, testing
from channel.testing import Heard, answer_for_contacts
from chassis.broker import Broker
from chassis.database import Database
from chassis.ids import new_id
from chassis.secrets import Vault
from chassis.testing import SECRET_KEYS, Launcher, RunningProcess, truncate, wait_until
from contracts import lanes
from contracts.events import VIBER_ADDRESSES_REFUSED, VIBER_STOPS_WITHDRAWN
from contracts.ids import message_ids
from contracts.lanes import channel_lane
from contracts.vocabulary import Channel, Lane
from viber_gateway.usecases import invitations, senders

CONTENT = {"text": "Hej {{ first_name }}", "buttons": [{"text": "Tak", "payload": "yes"}]}
SETTINGS: dict[str, Any] = {
    "answers": {}, "fails": {}, "delay": 0.0, "throttle": 0, "report_delay": 0.02, "doubled": False, "reversed": False,
    "reads": True, "windows": True,
}  # fmt: skip
OPERATOR: Any = {"operator_id": str(uuid4())}
VAULT = Vault(SECRET_KEYS)


class Peer(testing.Peer):
    """The simulated Viber."""

    def __init__(self) -> None:
        super().__init__("wici_simulators.ott")

    def messages(self, *viber_ids: str) -> list[dict[str, Any]]:
        """What was taken for these, in order."""
        return [one for one in self.call("/viber/messages?limit=100000")["items"] if one["to"] in viber_ids]

    def env(self, public_url: str) -> dict[str, str]:
        return {
            "VIBER_URL": self.origin, "VIBER_RETRY_SECONDS": "3", "VIBER_TIMEOUT_SECONDS": "5",
            "WICI_PUBLIC_URL": public_url,
        }  # fmt: skip


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.stop()


@pytest.fixture
def viber(peer: Peer) -> Peer:
    """As it is by default; what it has taken stays, so that tests name people of their own."""
    peer.call("/settings", SETTINGS)
    return peer


@pytest.fixture(scope="module")
def bus(amqp_url: str) -> Iterator[Broker]:
    """Before a channel tries a campaign's message again it asks contacts whom to leave out."""
    connection = Broker(amqp_url, "test").start()
    answer_for_contacts(connection)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def database(open_database: Callable[[str], Database]) -> Database:
    opened = open_database("viber_gateway")
    truncate(opened)
    return opened


@pytest.fixture(scope="module")
def hooks(bus: Broker, database: Database) -> Iterator[str]:
    """In the gateway's place: its address, where each bot's reports go by the name of its hook."""

    def report_of(path: str, document: Any) -> dict[str, Any]:
        with database.transaction() as session:
            statement = text("SELECT id FROM senders WHERE hook_name = :name")
            sender_id = session.scalar(statement, {"name": path.rpartition("/")[2]})
        return {"sender_id": str(sender_id), "document": document}

    with testing.hook_of_all(bus, lanes.VIBER_REPORTS, report_of) as origin:
        yield origin


@pytest.fixture(scope="module")
def launch_outbound(
    launch_once: Launcher, database: Database, bus: Broker, peer: Peer, hooks: str
) -> Callable[..., RunningProcess]:
    return lambda **env: launch_once("viber_gateway.outbound", service="viber_gateway", env={**peer.env(hooks), **env})


@pytest.fixture(scope="module")
def heard(bus: Broker) -> Heard:
    told = ((VIBER_ADDRESSES_REFUSED, "archive_viber_refusals"), (VIBER_STOPS_WITHDRAWN, "restore_viber_stopped"))
    return Heard.on(bus, *told)


@dataclass
class Shop:
    """An account with a bot that Viber knows."""

    broker: Broker
    database: Database
    peer: Peer
    account_id: UUID
    sender_id: UUID
    token: str
    content_hash: str

    @property
    def actor(self) -> Any:
        return {"account_id": str(self.account_id), "user_id": str(uuid4())}

    def act(self, viber_id: str, act: str, **more: Any) -> dict[str, Any]:
        """What a person does in Viber."""
        told: dict[str, Any] = self.peer.call(
            "/viber/acts", {"token": self.token, "viber_id": viber_id, "act": act, **more}
        )
        return told

    def invitation(self, contact_id: UUID) -> str:
        """What the link carries."""
        asked: dict[str, Any] = {"viber_bot_id": self.sender_id, "contact_id": contact_id, "days": 30}
        with self.database.transaction() as session:
            made = invitations.create_invitation(session, actor=self.actor, now=datetime.now(UTC), vault=VAULT, **asked)
        return str(made["link"]).partition("context=")[2]

    def subscriber(self) -> tuple[str, str]:
        """A contact that has opened its invitation and subscribed: its address, and Viber's id of it."""
        contact_id = uuid4()
        viber_id = f"{contact_id.hex[:20]}="
        self.act(viber_id, "conversation_started", context=self.invitation(contact_id))
        self.act(viber_id, "subscribed")
        wait_until(lambda: self.is_subscribed(str(contact_id)), what="the subscription")
        return str(contact_id), viber_id

    def is_subscribed(self, contact_id: str) -> bool:
        statement = "SELECT 1 FROM subscribers WHERE sender_id = :sender AND is_subscribed AND contact_id = :contact"
        return bool(self.rows(statement, contact=contact_id))

    def send(
        self, addresses: list[str], *, lane: Lane = Lane.BULK, send_id: UUID | None = None
    ) -> tuple[str, list[str]]:
        """The batch's id, and its messages'."""
        send_id = send_id or new_id()
        recipients = [
            {"number": place, "contact_id": address, "address": address, "fields": {"first_name": "Anna"}}
            for place, address in enumerate(addresses, 1)
        ]
        batch = {
            "v": 1, "batch_id": str(uuid4()), "account_id": str(self.account_id),
            "campaign_id": str(uuid4()) if lane is Lane.BULK else None, "send_id": str(send_id),
            "content_hash": self.content_hash, "trace_id": "t", "recipients": recipients,
        }  # fmt: skip
        self.broker.publish(channel_lane(Channel.VIBER, lane), orjson.dumps(batch)).result(10)
        of = message_ids(send_id)
        return str(batch["batch_id"]), [str(of(number)) for number in range(1, len(addresses) + 1)]

    def tell(self, document: dict[str, Any]) -> None:
        """What the gateway publishes of a request of Viber's."""
        now = datetime.now(UTC).timestamp()
        report = {"v": 1, "sender_id": str(self.sender_id), "document": document, "at": now}
        self.broker.publish(lanes.VIBER_REPORTS, orjson.dumps(report)).result(10)

    def rows(self, statement: str, **more: Any) -> list[Any]:
        """:param statement: its `:account` and `:sender` are this one's."""
        of_this = {"account": self.account_id, "sender": self.sender_id, **more}
        with self.database.transaction() as session:
            return list(session.execute(text(statement), of_this).all())


@pytest.fixture
def new_shop(bus: Broker, database: Database, peer: Peer) -> Callable[[], Shop]:
    def make() -> Shop:
        account_id, token, now = uuid4(), f"token-{uuid4()}", datetime.now(UTC)
        actor: Any = {"account_id": str(account_id), "user_id": str(uuid4())}
        with database.transaction() as session:
            asked = senders.request_sender(session, actor=actor, now=now, vault=VAULT, name="shop", title="Shop")
            senders.decide_sender(
                session, actor=OPERATOR, now=now, vault=VAULT, viber_bot_id=asked["id"], decision="activate",
                reason="Test", auth_token=token, uri=f"bot-{account_id}",
            )  # fmt: skip
            content_hash = plain.keep_content(session, account_id, "shop", CONTENT)
        return Shop(bus, database, peer, account_id, asked["id"], token, content_hash)

    return make


@pytest.fixture
def shop(new_shop: Callable[[], Shop], viber: Peer) -> Shop:
    """Whose bot reports to the lane."""
    made = new_shop()
    hook = "SELECT 1 FROM senders WHERE id = :sender AND hook_at IS NOT NULL AND hook_due_at IS NULL"
    wait_until(lambda: made.rows(hook), what="the hook")
    return made
