"""What messages cost: told with them, by the price of the moment at which they leave; and what carriers took."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text

from channel import settlement
from channel.batches import Batch, Header
from channel.outlets import Chunk, Claim
from chassis.database import Database, cursor_of
from chassis.ids import new_id
from contracts.contacts.audiences import Audience
from contracts.errors import Conflict, Forbidden, Invalid
from contracts.ids import message_ids
from contracts.rpc import Actor
from contracts.vocabulary import Lane, MessageState
from sms_gateway.batches import Content, KnownCarrier, SmsMessage
from sms_gateway.store import prices as store
from sms_gateway.store.ledger import SmsLedger
from sms_gateway.usecases import carriers, contents, prices

NOW = datetime.now(UTC)
OPERATOR: dict[str, Any] = {"actor": {"operator_id": str(new_id())}, "now": NOW}
NOBODYS: dict[str, Any] = {"plan": None, "carrier_id": None, "network": None, "per_parts": 1, "from_": None}
PLAY, PLUS, AMERICA = "+48530000001", "+48601000001", "+12025550123"


def price(database: Database, now: datetime = NOW - timedelta(minutes=1), **given: Any) -> Any:
    asked = {**OPERATOR, "now": now, "reason": "Test", **NOBODYS, **given}
    with database.transaction() as session:
        return prices.create_sms_price(session, **asked)


def account(database: Database, plan: str) -> UUID:
    account_id = new_id()
    with database.transaction() as session:
        store.note_plan(session, account_id=account_id, plan=plan, occurred_at=NOW)
    return account_id


def settled(
    database: Database, ledger: SmsLedger, account_id: UUID, carrier_id: UUID, *messages: tuple[str, int, str]
) -> list[dict[str, Any]]:
    """Messages (number, parts, state) that this carrier has answered; the events that tell of them."""
    raw = {name: str(new_id()) for name in ("batch_id", "campaign_id", "send_id")}
    header = Header({**raw, "account_id": str(account_id), "content_hash": "h"}, Lane.BULK)
    batch = Batch(header, Content(account_id, "Wici", {"text": "Hej"}), len(messages))
    recipients = [
        {"number": at, "address": address, "contact_id": None, "fields": {}}
        for at, (address, _, _) in enumerate(messages)
    ]
    chunk, of = Chunk(batch, None, recipients), message_ids(header.send_id)
    chunk.claim = Claim(new_id(), len(messages))
    made = []
    for recipient, (_, parts, state) in zip(recipients, messages, strict=True):
        message = SmsMessage(chunk, recipient, str(of(recipient["number"])), False, 0)
        message.outlet, message.at, message.state = (
            KnownCarrier(carrier_id),
            datetime.now(UTC).timestamp(),
            MessageState(state),
        )
        message.due_at = NOW  # of what is tried again
        message.parts, message.carrier_ids = parts, [f"id{recipient['number']}"]
        made.append(message)
    with database.transaction() as session:
        return settlement.settle(cursor_of(session), ledger, made)


@pytest.fixture
def carrier_id(database: Database, carrier: Callable[..., UUID]) -> UUID:
    class Nobody:
        port = 1

    return carrier(Nobody())


def test_a_message_costs_what_its_plan_and_network_do(database: Database, carrier_id: UUID) -> None:
    price(database, amount=20)
    price(database, plan="big", network="pl", amount=9)
    price(database, plan="big", network="pl.play", amount=7)
    big, free = account(database, "big"), account(database, "free")
    ledger = SmsLedger()

    messages = [(PLAY, 2, "submitted"), (PLUS, 1, "unknown"), (AMERICA, 3, "submitted"), (PLAY, 1, "rejected")]
    told = settled(database, ledger, big, carrier_id, *messages, (PLAY, 1, "deferred"))
    assert [event.get("cost") for event in told] == [14, 9, 60, None, None]
    told = settled(database, ledger, free, carrier_id, (PLAY, 2, "submitted"))
    assert [event["cost"] for event in told] == [40]


def test_without_a_price_nothing_is_told(database: Database, carrier_id: UUID) -> None:
    price(database, plan="big", amount=9)
    told = settled(database, SmsLedger(), new_id(), carrier_id, (PLAY, 1, "submitted"))
    assert "cost" not in told[0]


def test_a_price_holds_from_its_moment_on(database: Database, carrier_id: UUID) -> None:
    price(database, amount=9)
    price(database, amount=5, from_=NOW + timedelta(days=1))
    told = settled(database, SmsLedger(), new_id(), carrier_id, (PLAY, 1, "submitted"))
    assert told[0]["cost"] == 9


def test_what_has_left_keeps_its_price(database: Database) -> None:
    with pytest.raises(Invalid) as refused:
        price(database, NOW, amount=5, from_=NOW - timedelta(seconds=1))
    assert refused.value.errors[0]["code"] == "sms_price.in_the_past"
    made = price(database, NOW, amount=5)
    assert made["from_"] >= NOW + store.AT_ONCE, "until then processes know the list of before"
    later = price(database, NOW, amount=7, from_=NOW + timedelta(minutes=1))
    for begun, now in ((made, NOW), (made, made["from_"]), (later, later["from_"] - store.AT_ONCE)):
        with database.transaction() as session, pytest.raises(Conflict):
            at: dict[str, Any] = {**OPERATOR, "now": now}
            prices.delete_sms_price(session, **at, price_id=begun["id"], reason="Test")
    with database.transaction() as session:
        prices.delete_sms_price(session, **OPERATOR, price_id=later["id"], reason="Test")


def test_a_price_is_set_once_and_by_operators(database: Database) -> None:
    moment = NOW + timedelta(days=1)
    price(database, amount=5, plan="big", from_=moment)
    with pytest.raises(Conflict):
        price(database, amount=6, plan="big", from_=moment)
    with pytest.raises(Invalid):
        price(database, amount=6, network="pl.nobody")
    with pytest.raises(Invalid):
        price(database, amount=6, carrier_id=new_id())
    with pytest.raises(Forbidden):
        price(database, amount=6, actor={"account_id": str(new_id())})
    with database.transaction() as session:
        page = prices.list_sms_prices(
            session, **OPERATOR, plan="big", carrier_id=None, network=None, cursor=None, limit=10
        )
    assert [one["amount"] for one in page["items"]] == [5]


def test_what_carriers_took_adds_up(database: Database, carrier_id: UUID) -> None:
    price(database, amount=9)
    price(database, carrier_id=carrier_id, network="pl", amount=3_250, per_parts=1_000)
    account_id, ledger, other = new_id(), SmsLedger(), SmsLedger()
    taken = [(PLAY, 2, "submitted"), (PLUS, 1, "submitted"), (AMERICA, 1, "submitted")]
    for one in (ledger, ledger, other):  # two processes
        settled(database, one, account_id, carrier_id, *taken, (PLUS, 1, "unknown"), (PLAY, 1, "rejected"))

    with database.transaction() as session:
        day = datetime.now(UTC).date()
        report = prices.report_sms_traffic(session, **OPERATOR, from_=day - timedelta(days=1), to=day)["items"]
    by_network = {one["network"]: one for one in report}
    assert {network: (one["messages"], one["parts"]) for network, one in by_network.items()} == {
        "pl.play": (3, 6), "pl.plus": (3, 3), "us": (3, 3),
    }  # fmt: skip
    assert by_network["pl.play"]["charged"]["amount"] == 54
    assert by_network["pl.play"]["paid"]["amount"] == 20, "6 parts at 3.25: 19.5"
    assert by_network["us"]["uncosted_parts"] == 3 and by_network["us"]["paid"]["amount"] == 0


def test_plans_are_told_in_any_order(database: Database) -> None:
    account_id = new_id()
    with database.transaction() as session:
        for plan, at in (("big", 2), ("free", 1), ("big", 2)):
            store.note_plan(session, account_id=account_id, plan=plan, occurred_at=NOW + timedelta(seconds=at))
        assert store.list_of_account(session, account_id)[1] == "big"


def test_a_text_is_shown_with_its_prices(database: Database) -> None:
    price(database, amount=20)
    price(database, plan="big", network="pl.play", amount=7)
    account_id = account(database, "big")
    with database.transaction() as session:
        shown = prices.of_text(session, account_id, 3, NOW + timedelta(minutes=1))
    assert [(one["network"], one["price"]["amount"], one["cost"]["amount"]) for one in shown] == [
        (None, 20, 60), ("pl.play", 7, 21),
    ]  # fmt: skip


def test_a_sample_of_an_audience_is_counted_by_network(database: Database) -> None:
    price(database, network="pl", amount=7)
    actor: Actor = {"account_id": str(account(database, "big")), "permissions": ["sms.campaigns.read"]}
    phones = [PLAY, PLAY, PLUS, AMERICA]

    def ask(name: str, payload: dict[str, Any], *, deadline: float = 0) -> Any:
        assert payload["fields"] == ["phone"]
        people = [{"contact_id": str(new_id()), "fields": {"phone": phone}, "stands_for": 25} for phone in phones]
        return {"contacts": people, "size": 100}

    asked = Audience().dump({"groups": [new_id()]})
    measured = contents.measure(
        database, ask, actor=actor, now=NOW + timedelta(minutes=1), content={"text": "x" * 161}, audience=asked
    )
    told = [
        (one["network"], one["contacts"], one["parts"], one["cost"] and one["cost"]["amount"])
        for one in measured["networks"]
    ]
    assert sorted(told, key=str) == [("pl.play", 2, 4, 28), ("pl.plus", 1, 2, 14), ("us", 1, 2, None)]
    assert PLAY not in orjson.dumps(measured).decode()
    assert (measured["reachable"], measured["total"]) == (100, None)  # nobody knows what America costs


def test_what_a_draft_costs_in_all_is_told_with_what_it_costs_at_most(database: Database) -> None:
    """By whom each of the sample stands for: who is in it for what they lack stands for nobody."""
    price(database, network="pl", amount=7)
    price(database, network="pl.plus", amount=10)
    actor: Actor = {"account_id": str(account(database, "big")), "permissions": ["sms.campaigns.read"]}
    people = [(PLAY, "Ola", 30), (PLUS, "Ola", 10), (PLAY, "x" * 161, 0)]
    counted: list[float] = []

    def ask(name: str, payload: dict[str, Any], *, deadline: float = 0) -> Any:
        if name == "contacts.count_audience":
            counted.append(deadline)
            return {"count": 4_000_000}
        sample = [
            {"contact_id": str(new_id()), "fields": {"phone": phone, "first_name": name}, "stands_for": some}
            for phone, name, some in people
        ]
        return {"contacts": sample, "size": 40 if not counted else None}

    given: dict[str, Any] = {
        "actor": actor, "now": NOW + timedelta(minutes=1), "content": {"text": "{{ first_name }}"},
        "audience": Audience().dump({"groups": [new_id()]}),
    }  # fmt: skip
    measured = contents.measure(database, ask, **given)

    amounts = {name: cost["amount"] for name, cost in measured["total"].items()}
    assert (measured["reachable"], amounts) == (40, {"estimate": 30 * 7 + 10 * 10, "most": 2 * (30 * 7 + 10 * 10)})
    counted.append(0.0)  # from now on it is too large to be looked at to its end: counted apart
    measured = contents.measure(database, ask, **given)
    assert (measured["reachable"], measured["total"]["estimate"]["amount"]) == (4_000_000, 31_000_000)
    assert 0 < counted[1] <= contents.SAMPLE_SECONDS


def test_costs_go_with_their_carrier(database: Database, carrier_id: UUID) -> None:
    price(database, carrier_id=carrier_id, amount=3)
    with database.transaction() as session:
        for route in carriers.store.routes_of(session, carrier_id):
            carriers.delete_route(session, **OPERATOR, route_id=route.id, reason="Test")
        carriers.delete_carrier(session, **OPERATOR, carrier_id=carrier_id, reason="Test")
        assert session.scalar(text("SELECT count(*) FROM sms_prices")) == 0
