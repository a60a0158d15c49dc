"""Real PostgreSQL, RabbitMQ and a simulated WhatsApp; what comes out on the lanes is collected."""

from __future__ import annotations

import time
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
from chassis.testing import SECRET_KEYS, Launcher, RunningProcess, truncate
from contracts import lanes
from contracts.events import OTT_ADDRESSES_REFUSED, OTT_STOPS_WITHDRAWN
from contracts.ids import message_ids
from contracts.lanes import channel_lane
from contracts.vocabulary import Channel, Lane
from ott_gateway.store import templates
from ott_gateway.usecases import senders

TEMPLATE = {"template": {"name": "parcel_here", "language": "pl", "body": ["{{ locker }}"]}}
TEXT = {"text": "Hej {{ first_name }}"}
SETTINGS: dict[str, Any] = {
    "answers": {}, "fails": {}, "delay": 0.0, "throttle": 0, "report_delay": 0.02, "doubled": False, "reversed": False,
    "reads": True, "windows": True,
}  # fmt: skip
OPERATOR: Any = {"operator_id": str(uuid4())}


class Peer(testing.Peer):
    """The simulated WhatsApp."""

    def __init__(self) -> None:
        super().__init__("wici_simulators.ott")

    def messages(self, *phones: str) -> list[dict[str, Any]]:
        """What was taken for these, in order."""
        return [one for one in self.call("/messages?limit=100000")["items"] if one["to"] in phones]

    @property
    def env(self) -> dict[str, str]:
        return {"OTT_WHATSAPP_URL": self.origin, "OTT_RETRY_SECONDS": "3", "OTT_TIMEOUT_SECONDS": "5"}


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.stop()


@pytest.fixture
def whatsapp(peer: Peer) -> Peer:
    """As it is by default; what it has taken stays, so that tests name their own phones."""
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
    opened = open_database("ott_gateway")
    truncate(opened)
    return opened


@pytest.fixture(scope="module")
def launch_outbound(
    launch_once: Launcher, database: Database, bus: Broker, peer: Peer
) -> Callable[..., RunningProcess]:
    return lambda **env: launch_once("ott_gateway.outbound", service="ott_gateway", env={**peer.env, **env})


@pytest.fixture(scope="module")
def heard(bus: Broker) -> Heard:
    told = ((OTT_ADDRESSES_REFUSED, "archive_ott_refusals"), (OTT_STOPS_WITHDRAWN, "restore_ott_stopped"))
    return Heard.on(bus, *told)


@dataclass
class Shop:
    """An account with a number that WhatsApp knows."""

    broker: Broker
    database: Database
    account_id: UUID
    sender_id: UUID
    number: str
    contents: dict[str, str]

    @property
    def actor(self) -> Any:
        return {"account_id": str(self.account_id), "user_id": str(uuid4())}

    def send(
        self, phones: list[str], *, by: str = "template", lane: Lane = Lane.BULK, first: int = 1,
        send_id: UUID | None = None,
    ) -> tuple[str, list[str]]:  # fmt: skip
        """The batch's id, and its messages'."""
        send_id = send_id or new_id()
        recipients = [
            {
                "number": first + place, "contact_id": str(uuid4()), "address": phone,
                "fields": {"first_name": "Anna", "locker": "12"},
            }
            for place, phone in enumerate(phones)
        ]  # fmt: skip
        batch = {
            "v": 1, "batch_id": str(uuid4()), "account_id": str(self.account_id),
            "campaign_id": str(uuid4()) if lane is Lane.BULK else None, "send_id": str(send_id),
            "content_hash": self.contents[by], "trace_id": "t", "recipients": recipients,
        }  # fmt: skip
        self.broker.publish(channel_lane(Channel.WHATSAPP, lane), orjson.dumps(batch)).result(10)
        of = message_ids(send_id)
        return str(batch["batch_id"]), [str(of(one["number"])) for one in recipients]

    def tell(self, value: dict[str, Any], *, number: str | None = None) -> None:
        """What the gateway publishes of a request of WhatsApp's."""
        whole = {"metadata": {"phone_number_id": number or self.number}, **value}
        self._tell({"entry": [{"changes": [{"field": "messages", "value": whole}]}]})

    def tell_status(self, message_id: str, word: str, **more: Any) -> None:
        status = {"id": "wamid.x", "status": word, "timestamp": str(int(time.time())), **more}
        self.tell({"statuses": [{**status, "biz_opaque_callback_data": message_id}]})

    def tell_text(self, phone: str, said: str, wamid: str, **more: Any) -> None:
        message = {"from": phone[1:], "id": wamid, "timestamp": str(int(time.time())), "type": "text", **more}
        self.tell({"messages": [{**message, "text": {"body": said}}]})

    def tell_of_templates(self) -> None:
        change = {"field": "message_template_status_update", "value": {"event": "PAUSED"}}
        self._tell({"entry": [{"changes": [change]}]})

    def _tell(self, document: dict[str, Any]) -> None:
        report = {"v": 1, "sender_id": str(self.sender_id), "document": document, "at": time.time()}
        self.broker.publish(lanes.OTT_REPORTS, orjson.dumps(report)).result(10)

    def rows(self, statement: str) -> list[Any]:
        """:param statement: its `:account` and `:sender` are this one's."""
        of_this = {"account": self.account_id, "sender": self.sender_id}
        with self.database.transaction() as session:
            return list(session.execute(text(statement), of_this).all())


@pytest.fixture(scope="module")
def bridge(bus: Broker) -> Iterator[Callable[[UUID], str]]:
    with testing.hook_of_all(bus, lanes.OTT_REPORTS, testing.of_sender) as origin:
        yield lambda sender_id: f"{origin}/{sender_id}"


@pytest.fixture
def new_shop(bus: Broker, database: Database) -> Callable[[], Shop]:
    def make() -> Shop:
        account_id, number, now = uuid4(), str(uuid4().int)[:15], datetime.now(UTC)
        actor: Any = {"account_id": str(account_id), "user_id": str(uuid4())}
        set_up: dict[str, Any] = {
            "phone_number_id": number, "business_account_id": number, "access_token": "EAA-of-a-test",
            "app_secret": f"secret-{number}", "verify_token": "verify-me",
        }  # fmt: skip
        with database.transaction() as session:
            asked = senders.request_sender(
                session, actor=actor, now=now, name="shop", title="Shop", phone="+48500700800"
            )
            senders.decide_sender(
                session, actor=OPERATOR, now=now, vault=Vault(SECRET_KEYS),
                whatsapp_sender_id=asked["id"], decision="activate", reason="Test", **set_up,
            )  # fmt: skip
            known = {
                "name": "parcel_here", "language": "pl", "status": "APPROVED", "category": "UTILITY",
                "components": [{"type": "BODY", "text": "Paczka czeka w skrytce {{1}}"}],
            }  # fmt: skip
            templates.replace(session, account_id=account_id, sender_id=asked["id"], found=[known])
            contents = {
                name: plain.keep_content(session, account_id, "shop", content)
                for name, content in (("template", TEMPLATE), ("text", TEXT))
            }
        return Shop(bus, database, account_id, asked["id"], number, contents)

    return make


@pytest.fixture
def shop(new_shop: Callable[[], Shop], whatsapp: Peer, bridge: Callable[[UUID], str]) -> Shop:
    """Whose number reports to the lane."""
    made = new_shop()
    hook = {"url": bridge(made.sender_id), "app_secret": f"secret-{made.number}"}
    whatsapp.call("/hooks", {made.number: hook})
    return made
