"""Which price holds: for any list of prices as a plain search through all of them finds it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from channel.batches import Batch, Header
from channel.outlets import Chunk
from chassis.ids import new_id
from contracts.sms_gateway.prices import SmsPriceCreate
from contracts.vocabulary import Lane, MessageState
from sms_gateway.batches import Content, KnownCarrier, SmsMessage
from sms_gateway.domain.prices import Amount, Price, PriceList, place_of
from sms_gateway.store import prices as store
from sms_gateway.store import traffic

PLACES = (None, "pl", "de", "pl.play", "pl.plus", "de.o2")
PRICES = st.lists(
    st.builds(
        Price,
        owner=st.sampled_from((None, "free", "big")),
        place=st.sampled_from(PLACES),
        amount=st.none() | st.builds(Amount, st.integers(0, 50), st.just(1)),
        since=st.integers(0, 9).map(float),
    ),
    max_size=20,
    unique_by=lambda price: (price.owner, price.place, price.since),
)


def plainly(prices: list[Price], plan: str | None, place: str | None, at: float) -> int | None:
    owners = [None] if plan is None else [plan, None]
    wider = [place, place[:2], None] if place and "." in place else [place, None] if place else [None]
    for owner in owners:
        for each in wider:
            begun = [one for one in prices if (one.owner, one.place) == (owner, each) and one.since <= at]
            latest = max(begun, key=lambda one: one.since, default=None)
            if latest is not None and latest.amount is not None:
                return latest.amount.minor
    return None


@given(PRICES, st.sampled_from((None, "free", "big", "none")), st.sampled_from(PLACES), st.integers(0, 10))
def test_the_narrowest_price_that_holds_counts(
    prices: list[Price], plan: str | None, place: str | None, at: int
) -> None:
    found = PriceList(prices)
    for moment in (float(at), at + 0.5, float(at)):  # asked again it is the same
        assert found.of_account(plan, place, moment) == plainly(prices, plan, place, moment)


@pytest.mark.parametrize(
    ("address", "place"),
    [("+48601100200", "pl.plus"), ("+12025550123", "us"), ("+14165550123", "ca"), ("+999123456", None)],
)
def test_the_place_of_a_number_is_its_network_or_country(address: str, place: str | None) -> None:
    assert place_of(address) == place


@pytest.mark.parametrize(
    "given_",
    [
        {"amount": 7.5}, {"amount": "7"}, {"amount": -1}, {"amount": 7, "per_parts": 1000},
        {"amount": 7, "per_parts": 7},
        {"amount": 7, "plan": "free", "carrier_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b20"},
        {"amount": 7, "network": "PL"}, {},
    ],
)  # fmt: skip
def test_money_is_whole_and_has_one_owner(given_: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SmsPriceCreate().load({"reason": "Test", **given_})


class Prices:
    """A cursor on a price list in which a plan costs 9; `meanwhile` is called while the list is read."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.meanwhile, self.rows, self.written = meanwhile, list[Any](), list[Any]()

    def execute(self, statement: str, values: Any = None) -> None:
        if "sms_traffic" in statement:
            self.written = list(zip(*values, strict=True))
        elif "account_plans" in statement:
            self.rows = [(account_id, "big") for account_id in values[0]]
        else:
            self.rows = [("big", None, None, 9, 1, 0.0)]
            self.meanwhile()

    def fetchall(self) -> list[Any]:
        return self.rows


def test_prices_hold_while_another_thread_begins_a_new_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger's thread prices in the middle of the upkeep's look: what it knew of its accounts stays."""
    monkeypatch.setattr(store, "KNOWN_FOR", -1.0)
    book, seen = store.PriceBook(), list[Any]()
    known = book.know(cast("Any", Prices()), ["a"])

    def price() -> None:
        seen.append(known.price("a", None, 1.0))
        seen.append(book.know(cast("Any", Prices()), ["b"]).price("b", None, 1.0))

    other = book.know(cast("Any", Prices(price)), ["a", "c"])
    assert (seen, other.price("a", None, 1.0), other.price("c", None, 1.0)) == ([9, 9], 9, 9)


def test_traffic_is_put_on_each_messages_day() -> None:
    midnight = datetime(2026, 12, 1, tzinfo=UTC).timestamp()
    cursor = Prices()
    raw = {name: str(new_id()) for name in ("batch_id", "account_id", "send_id")}
    batch = Batch(Header({**raw, "content_hash": "h"}, Lane.BULK), Content(new_id(), "Wici", {"text": "Hej"}), 3)
    carrier, messages = KnownCarrier(new_id(), "c"), []
    for number, at in enumerate((midnight - 1, midnight - 0.5, midnight)):
        recipient = {"number": number, "address": "+48530000001"}
        made = SmsMessage(Chunk(batch, None, [recipient]), recipient, str(new_id()), False, 0)
        made.outlet, made.at, made.state = carrier, at, MessageState.SUBMITTED
        messages.append(made)
    book = store.PriceBook()
    traffic.write(cast("Any", cursor), messages, book.know(cast("Any", cursor), [raw["account_id"]]), 7)
    assert [(str(row[0]), row[1], row[2], row[4], row[8]) for row in cursor.written] == [
        ("2026-11-30", str(carrier), "pl.play", 2, 18), ("2026-12-01", str(carrier), "pl.play", 1, 9),
    ]  # fmt: skip
