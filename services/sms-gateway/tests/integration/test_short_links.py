"""Short links on their way: every recipient has links of their own, and the gateway is told whose they are."""

from __future__ import annotations

import base64
import re
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text

from chassis.broker import Broker
from chassis.bus_messages import Delivery
from chassis.database import Database, cursor_of
from chassis.testing import LINK_KEYS, wait_until
from contracts import ids
from contracts.lanes import SHORT_LINKS
from contracts.short_codes import Codes

ADDRESS = "https://wi.ci/s/"
CODES = Codes(base64.b64decode(LINK_KEYS))
TARGETS = ["https://sklep.example/a", "https://sklep.example/b"]


@pytest.fixture
def blocks(broker: Broker) -> list[dict[str, Any]]:
    """What the gateway is told."""
    told: list[dict[str, Any]] = []

    def take(delivery: Delivery) -> None:
        told.extend(orjson.loads(delivery.body)["blocks"])
        delivery.ack()

    broker.consume(SHORT_LINKS, take)
    return told


def clicked(blocks: list[dict[str, Any]], code: str) -> tuple[str, str]:
    """Message id and target behind a code, as the gateway reads it."""
    position = CODES.position(code)
    assert position is not None, code
    (block,) = [
        each for each in blocks if each["position"] <= position < each["position"] + each["size"] * len(each["links"])
    ]
    recipient, link = divmod(position - block["position"], len(block["links"]))
    return str(ids.message_id(UUID(block["send_id"]), block["first_number"] + recipient)), block["links"][link]


def phones(count: int) -> list[str]:
    return [f"+48600{number:06d}" for number in range(count)]


def test_each_recipient_has_links_of_their_own(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, blocks: list[dict[str, Any]], database: Database
) -> None:
    simulator = smsc()
    carrier(simulator)
    content = campaign.content("Hej {{ first_name }}: " + " ".join(TARGETS), short_link_url=ADDRESS)
    outbound()
    outbound()
    batches = campaign.batches(content, phones(1000), first=3600, size=100)
    campaign.publish(batches)
    campaign.publish(batches)

    campaign.wait_final(1000)

    sent = {message["to"]: re.findall(rf"{ADDRESS}(\w{{12}})", message["text"]) for message in simulator.messages()}
    codes = [code for some in sent.values() for code in some]
    assert len(sent) == 1000 and len(codes) == len(set(codes)) == 2000
    wait_until(lambda: len(blocks) == 2, what="both blocks told")
    for number, phone in enumerate(phones(1000), 3600):
        assert [clicked(blocks, code) for code in sent[phone]] == [
            (campaign.message_id(number), target) for target in TARGETS
        ]
    with database.transaction() as session:
        assert session.scalar(text("SELECT position FROM short_link_counter")) >= 2 * 4096 * 2


def test_what_waited_in_the_schedule_has_links_too(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, blocks: list[dict[str, Any]], database: Database
) -> None:
    """Nobody claimed it before it was due: its block is made as it is taken out."""
    simulator = smsc()
    carrier(simulator)
    content = campaign.content(TARGETS[0], short_link_url=ADDRESS, literal=True)
    send_id = campaign.send_id
    body = {
        "batch_id": str(uuid4()), "account_id": str(campaign.account_id), "campaign_id": None, "send_id": str(send_id),
        "content_hash": content, "trace_id": "", "lane": "transactional",
        "recipients": [{"number": 1, "contact_id": None, "address": "+48600100200", "fields": {}}],
    }  # fmt: skip
    with database.transaction() as session:
        cursor_of(session).execute(
            "INSERT INTO retries (message_id, account_id, due_at, attempts, body) VALUES (%s, %s, now(), 0, %s)",
            (campaign.message_id(1), campaign.account_id, orjson.dumps(body)),
        )
        cursor_of(session).execute(
            "INSERT INTO ledger (message_id, account_id, address, state, parts) VALUES (%s, %s, %s, 'accepted', 1)",
            (campaign.message_id(1), campaign.account_id, "+48600100200"),
        )
    outbound()

    wait_until(lambda: simulator.messages(), what="the message sent")
    wait_until(lambda: blocks, what="its block told")

    (message,) = simulator.messages()
    assert clicked(blocks, message["text"].removeprefix(ADDRESS)) == (campaign.message_id(1), TARGETS[0])
