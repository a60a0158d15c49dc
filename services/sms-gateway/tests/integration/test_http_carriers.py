"""Carriers by HTTP in the outbound process: the same ledger, fail-over, rate and receipts as those by SMPP."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from raw_http_carrier import Behaviour, HttpCarrier, HttpCarrierThread, Request, answer, takes
from sqlalchemy import text

from chassis.broker import Broker
from chassis.database import Database
from chassis.ids import new_id
from chassis.secrets import Vault
from chassis.testing import SECRET_KEYS, wait_until
from contracts.lanes import CARRIER_REPORTS
from sms_gateway.usecases import carriers

OPERATORS: dict[str, Any] = {"actor": {"operator_id": str(new_id())}, "now": datetime.now(UTC), "reason": "Test"}
ALLOWED = {"SMS_CARRIER_NETWORKS": "127.0.0.0/8"}
HTTP = {
    "body": {"to": "{to}", "from": "{from}", "text": "{text}"},
    "answer": {"id": "id", "error": "error"},
    "receipts": {"id": "id", "state": "state", "states": {"DELIVERED": "delivered", "FAILED": "undelivered"}},
    "inbound": {"source": "from", "destination": "to", "text": "text"},
}  # fmt: skip


@pytest.fixture
def raw_http() -> Iterator[Callable[..., HttpCarrierThread]]:
    running: list[HttpCarrierThread] = []

    def start(behaviour: Behaviour = takes) -> HttpCarrierThread:
        running.append(HttpCarrierThread(behaviour))
        return running[-1]

    yield start
    for each in running:
        each.stop()


@pytest.fixture
def http_carrier(database: Database) -> Callable[..., UUID]:
    def make(target: HttpCarrierThread, *, priority: int = 100, **settings: Any) -> UUID:
        with database.transaction() as session:
            made = carriers.create_carrier(
                session, **OPERATORS, vault=Vault(SECRET_KEYS), name=f"h{target.port}", kind="http", token="t",
                http={**HTTP, "url": target.url}, **settings,
            )  # fmt: skip
            carriers.create_route(session, **OPERATORS, carrier_id=made["id"], prefix="", priority=priority)
            return made["id"]

    return make


@pytest.fixture
def tell(broker: Broker) -> Callable[..., None]:
    """What the carrier posts, as the gateway passes it on."""

    def publish(carrier_id: UUID, *documents: dict[str, Any]) -> None:
        told = [
            broker.publish(
                CARRIER_REPORTS,
                orjson.dumps(
                    {"v": 1, "carrier_id": str(carrier_id), "kind": "http", "http": HTTP, "document": document,
                     "at": time.time()}
                ),
            )
            for document in documents
        ]  # fmt: skip
        for each in told:
            each.result(10)

    return publish


def phones(count: int, start: int = 0) -> list[str]:
    return [f"+48600{number:06d}" for number in range(start, start + count)]


def ledger(database: Database) -> dict[str, tuple[str, str]]:
    with database.transaction() as session:
        rows = session.execute(text("SELECT address, state, coalesce(code, '') FROM ledger"))
        return {row[0]: (row[1], row[2]) for row in rows}


async def by_number(carrier: HttpCarrier, request: Request, writer: asyncio.StreamWriter) -> None:
    """Each message has the number of its phone as its id, so that its receipt may be told before it is answered."""
    number = request.json["to"][-3:]
    refused = {"error": "E42"} if number == "007" else {"id": f"m{number}"}
    writer.write(answer(200, refused))


def test_messages_receipts_and_answers_by_http(
    raw_http: Any, http_carrier: Any, outbound: Any, campaign: Any, database: Database, tell: Any
) -> None:
    target = raw_http(by_number)
    carrier_id = http_carrier(target, rate=200, window=20)
    early, late = [f"m{number:03d}" for number in range(50)], [f"m{number:03d}" for number in range(50, 200)]
    outbound(**ALLOWED)
    tell(carrier_id, *({"id": each, "state": "DELIVERED"} for each in early))
    campaign.publish(campaign.batches(campaign.content("Zażółć {{ first_name }}", sender="+48500500500"), phones(200)))
    wait_until(lambda: len(ledger(database)) == 200, what="everything handed over")
    tell(
        carrier_id,
        *({"id": each, "state": "FAILED" if each == "m199" else "DELIVERED", "to": "x"} for each in late),
        {"id": late[0], "state": "FAILED"},  # a final state is never undone
        {"id": "m999", "state": "DELIVERED"},
        {"id": late[1], "state": "??"},
    )

    campaign.wait_final(200)

    assert Counter(ledger(database).values()) == {
        ("delivered", "DELIVERE"): 198, ("undelivered", "FAILED"): 1, ("rejected", "E42"): 1,
    }  # fmt: skip
    assert {(each.json["text"], each.json["from"]) for each in target.carrier.requests} == {
        ("Zażółć Ola", "+48500500500")
    }
    assert len(target.carrier.requests) == 200 and target.carrier.most_open <= 20
    tell(carrier_id, {"from": "48600000001", "to": "48500500500", "text": "STOP"})
    wait_until(lambda: any(event["kind"] == "unsubscribed" for event in campaign.events), what="the STOP")
    with database.transaction() as session:
        kept = [session.scalar(text(f"SELECT count(*) FROM {table}")) for table in ("inbound_sms", "unread_deliveries")]
    assert kept == [1, 1]


def test_a_carrier_by_http_that_is_ill_loses_its_traffic_to_one_by_smpp(
    raw_http: Any, http_carrier: Any, smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    async def is_ill(carrier: HttpCarrier, request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(503))

    ill, well = raw_http(is_ill), smsc()
    http_carrier(ill, priority=1)
    carrier(well, priority=2)
    outbound(**ALLOWED)
    campaign.publish(campaign.batches(campaign.content("Hej"), phones(500)))

    campaign.wait_final(500, timeout=60)

    assert Counter(message["to"] for message in well.messages()) == Counter(phones(500))
    assert {state for state, _ in ledger(database).values()} == {"delivered"}


def test_what_has_no_answer_is_unknown_and_a_code_is_sent_again(
    raw_http: Any, http_carrier: Any, outbound: Any, campaign: Any, database: Database, tell: Any
) -> None:
    async def cuts(carrier: HttpCarrier, request: Request, writer: asyncio.StreamWriter) -> None:
        writer.close()

    broken, well = raw_http(cuts), raw_http()
    first, second = http_carrier(broken, priority=1, window=2), http_carrier(well, priority=2)
    outbound(**ALLOWED, SMS_UNMATCHED_AFTER="0.5")
    campaign.publish(campaign.batches(campaign.content("Kod"), phones(1)), lane="otp")
    wait_until(lambda: len(well.carrier.requests) == 1, what="the code at the second carrier")
    campaign.publish(campaign.batches(campaign.content("Hej"), phones(1, start=5), first=5))
    wait_until(lambda: ledger(database).get(phones(1, 5)[0], ("",))[0] == "unknown", what="one that nobody knows of")
    tell(second, {"id": "id1", "state": "DELIVERED"})

    campaign.wait_final(1)

    assert {each.json["to"] for each in broken.carrier.requests} == {phones(1)[0], phones(1, 5)[0]}
    assert [each.json["to"] for each in well.carrier.requests] == phones(1)
    assert ledger(database)[phones(1)[0]][0] == "delivered"
    assert first != second
