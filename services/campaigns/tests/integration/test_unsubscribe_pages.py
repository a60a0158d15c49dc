"""Unsubscribe pages as their owners see them, over the real bus, and what the gateway is told of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import orjson
import pytest

from chassis.broker import Broker
from chassis.bus_messages import Delivery
from chassis.testing import wait_until
from chassis.topology import event_queue
from contracts.errors import Forbidden, Invalid, NotFound
from contracts.events import UNSUBSCRIBE_PAGE_CHANGED, UNSUBSCRIBE_REASON_GIVEN

BRAND = {"name": "Sklep"}
TEXTS = {
    "title": "Schade", "text": "Wirklich?", "leave": "Ja", "done_title": "Erledigt", "done": "Gut.", "why": "Warum?",
    "thanks": "Danke!", "reasons": {"too_many": "Zu viele"},
}  # fmt: skip


@pytest.fixture
def told(broker: Broker) -> list[dict[str, Any]]:
    """What the gateway hears."""
    heard: list[dict[str, Any]] = []

    def take(delivery: Delivery) -> None:
        heard.append(orjson.loads(delivery.body))
        delivery.ack()

    broker.consume(event_queue(UNSUBSCRIBE_PAGE_CHANGED, "api_gateway", "keep_unsubscribe_page"), take)
    return heard


def test_an_account_has_one_default_and_the_gateway_knows_which(caller: Callable, told: list[dict[str, Any]]) -> None:
    owner = caller()
    create = owner.with_key(str(uuid4()))
    first = create("create_unsubscribe_page", name="Pierwsza", brand=BRAND)
    assert create("create_unsubscribe_page", name="Pierwsza", brand=BRAND) == first
    second = owner("create_unsubscribe_page", name="Druga", brand=BRAND, texts={"de": TEXTS})
    assert (first["is_default"], second["is_default"]) == (True, False)

    third = owner("create_unsubscribe_page", name="Trzecia", brand=BRAND, is_default=True)
    owner("update_unsubscribe_page", page_id=first["id"], name="Była", brand={**BRAND, "text": "#000000"})
    changed = owner("update_unsubscribe_page", page_id=second["id"], is_default=True)

    shown = owner("list_unsubscribe_pages")["items"]
    assert [page["id"] for page in shown] == [third["id"], second["id"], first["id"]]
    assert [page["is_default"] for page in shown] == [False, True, False]
    assert changed["texts"]["de"]["reasons"] == {"too_many": "Zu viele"}
    owner("delete_unsubscribe_page", page_id=second["id"])

    def heard() -> list[dict[str, Any]]:
        ours = [event for event in told if event["account_id"] == str(owner.account_id)]
        return sorted(ours, key=lambda event: event["version"])

    wait_until(lambda: len(heard()) == 4, what="what the gateway hears")
    assert [event["page_id"] for event in heard()] == [first["id"], third["id"], second["id"], None]
    assert heard()[2]["brand"]["name"] == "Sklep" and heard()[2]["texts"]["de"]["title"] == "Schade"


@pytest.mark.parametrize(
    "brand",
    [
        {"name": "Sklep", "text": "#777777"},
        {"name": "Sklep", "button": "#ffff00", "button_text": "#ffffff"},
        {"name": "Sklep", "logo": "https://sklep.example/logo.png"},
        {"name": "Sklep", "logo": "data:image/svg+xml;base64,PHN2Zy8+"},
        {"name": "Sklep", "text": "red; background: url(https://x.example)"},
        {"name": ""},
    ],
)
def test_what_people_could_not_read_or_what_loads_from_elsewhere_is_refused(caller: Callable, brand: Any) -> None:
    with pytest.raises(Invalid):
        caller()("create_unsubscribe_page", name="Strona", brand=brand)


def test_pages_are_the_accounts_own_and_take_a_right(caller: Callable) -> None:
    owner, stranger = caller(), caller()
    page = owner("create_unsubscribe_page", name="Strona", brand=BRAND)
    for method, change in (("get", {}), ("update", {"name": "Moja"}), ("delete", {})):
        with pytest.raises(NotFound):
            stranger(f"{method}_unsubscribe_page", page_id=page["id"], **change)
    stranger.actor["permissions"] = ["email.campaigns.read"]
    with pytest.raises(Forbidden):
        stranger("create_unsubscribe_page", name="Strona", brand=BRAND)
    assert stranger("list_unsubscribe_pages")["items"] == []


def test_a_message_gives_one_reason_however_often_it_is_told(caller: Callable, broker: Broker) -> None:
    owner = caller()
    page = owner("create_unsubscribe_page", name="Strona", brand=BRAND, texts={"de": TEXTS})
    message = str(uuid4())
    event = {
        "event_id": str(uuid4()), "occurred_at": "2026-11-30T08:00:00+00:00", "account_id": str(owner.account_id),
        "campaign_id": None, "message_id": message, "page_id": page["id"], "reason": "too_many",
    }  # fmt: skip
    later = {**event, "event_id": str(uuid4()), "occurred_at": "2026-11-30T09:00:00+00:00", "reason": "other"}
    elsewhere = {**event, "event_id": str(uuid4()), "message_id": str(uuid4()), "account_id": str(uuid4())}
    last = {**event, "event_id": str(uuid4()), "message_id": str(uuid4())}
    for each in (event, later, event, elsewhere, last):
        broker.publish_event(UNSUBSCRIBE_REASON_GIVEN, orjson.dumps(each)).result(5)

    def reasons() -> Any:
        return owner("get_unsubscribe_page", page_id=page["id"])["reasons"]

    wait_until(lambda: sum(reasons().values()) == 2, what="the reasons")
    assert reasons() == {"other": 1, "too_many": 1}
