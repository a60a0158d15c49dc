"""What comes from a lane: headers and their ids, recipients, deliveries of several batches."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel.batches import Header, SharedDelivery, ensure_recipients, read_batches, without_person
from channel.lane_publisher import LanePublisher
from channel.outlets import chunked
from chassis.ids import new_id
from contracts.ids import MAX_NUMBER, message_id
from contracts.vocabulary import ERASED_ADDRESS, Lane

NUMBERS = st.integers(0, MAX_NUMBER)


def raw(**more: Any) -> dict[str, Any]:
    return {
        "batch_id": str(new_id()), "account_id": str(new_id()), "campaign_id": str(new_id()), "send_id": str(new_id()),
        "content_hash": "c", "recipients": [], **more,
    }  # fmt: skip


@given(st.uuids(version=4), NUMBERS)
def test_an_id_by_the_stem_is_the_contracts_id(send_id: UUID, number: int) -> None:
    header = Header(raw(send_id=str(send_id)), Lane.BULK)

    assert header.id_of(number) == str(message_id(send_id, number))


@given(NUMBERS)
def test_a_header_survives_its_way_through_a_claim(number: int) -> None:
    header = Header(raw(accepted_at=1.5e9, trace_id="t"), Lane.OTP)

    again = Header(orjson.loads(orjson.dumps(header.as_json())), Lane.OTP)

    assert again.as_json() == header.as_json()
    assert again.id_of(number) == header.id_of(number)


@pytest.mark.parametrize("name", ["batch_id", "account_id", "send_id", "content_hash"])
def test_a_header_without_its_ids_is_none(name: str) -> None:
    batch = raw()
    del batch[name]
    with pytest.raises(KeyError):
        Header(batch, Lane.BULK)


@pytest.mark.parametrize("moment", [-1, 1e12, float("nan"), float("inf")])
def test_a_header_with_a_time_that_is_none_is_refused(moment: float) -> None:
    with pytest.raises(ValueError):
        Header(raw(accepted_at=moment), Lane.BULK)


RECIPIENT = {"number": 1, "address": "+48600100200", "contact_id": None, "fields": {}}


@pytest.mark.parametrize(
    "bad",
    [
        {"number": -1}, {"number": MAX_NUMBER + 1}, {"number": True}, {"number": "1"}, {"number": 1.0},
        {"address": None}, {"address": "a" * 255}, {"address": "a\0"}, {"contact_id": "x"}, {"contact_id": 7},
        {"fields": ["x"]},
    ],
)  # fmt: skip
def test_a_recipient_that_a_ledger_could_not_hold_is_refused(bad: dict[str, Any]) -> None:
    ensure_recipients([RECIPIENT])
    with pytest.raises((ValueError, TypeError)):
        ensure_recipients([{**RECIPIENT, **bad}])


def test_a_number_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ValueError):
        ensure_recipients([RECIPIENT, {**RECIPIENT, "address": "+48600100201"}])


def test_one_message_holds_one_batch_or_several() -> None:
    one, two = raw(recipients=[RECIPIENT]), raw()

    alone: Any = read_batches(orjson.dumps(one), Lane.BULK)
    together: Any = read_batches(orjson.dumps({"batches": [one, two]}), Lane.OTP)

    assert [(header.batch_id, recipients) for header, recipients in alone] == [(one["batch_id"], [RECIPIENT])]
    assert [header.batch_id for header, _ in together] == [one["batch_id"], two["batch_id"]]
    assert {header.lane for header, _ in together} == {Lane.OTP}
    with pytest.raises(ValueError):
        read_batches(b'{"batches": []}', Lane.BULK)


@pytest.mark.parametrize("poison", [None, {}, raw(recipients=[{"number": -1}]), raw(send_id="x"), raw(recipients=5)])
def test_a_batch_that_is_none_spoils_nobody_elses_of_the_same_message(poison: Any) -> None:
    good = raw(recipients=[RECIPIENT])

    first, bad, last = read_batches(orjson.dumps({"batches": [good, poison, good]}), Lane.OTP)

    assert isinstance(bad, Exception)
    assert not isinstance(first, Exception) and not isinstance(last, Exception)
    assert (first[1], last[1]) == ([RECIPIENT], [RECIPIENT])


@given(st.lists(st.integers(), max_size=350), st.integers(1, 120))
def test_chunks_hold_everybody_in_order(recipients: list[Any], size: int) -> None:
    parts = list(chunked(recipients, size))

    assert [one for part in parts for one in part] == recipients
    assert all(0 < len(part) <= size for part in parts)


def test_nobody_is_behind_a_recipient_who_was_erased() -> None:
    erased = without_person({**RECIPIENT, "contact_id": str(new_id()), "fields": {"name": "Ola"}})

    assert erased == {"number": 1, "contact_id": None, "address": ERASED_ADDRESS, "fields": {}}


class Receipt:
    """A delivery: how it was settled."""

    def __init__(self) -> None:
        self.settled: list[str] = []

    def ack(self) -> None:
        self.settled.append("ack")

    def nack(self, *, requeue: bool = True) -> None:
        self.settled.append("requeued" if requeue else "refused")


@given(st.lists(st.booleans(), min_size=1, max_size=8))
def test_a_shared_delivery_is_settled_once_and_last(refusals: list[bool]) -> None:
    receipt = Receipt()
    shared = SharedDelivery(receipt, len(refusals))

    for position, is_refused in enumerate(refusals):
        assert receipt.settled == [], f"settled before batch {position}"
        if is_refused:
            shared.nack()
        else:
            shared.ack()

    assert receipt.settled == ["refused" if any(refusals) else "ack"]


class FailingBroker:
    """Refuses the first publications; answers none but the very first before it may."""

    def __init__(self, failures: int) -> None:
        self.failures, self.published, self.may_answer = failures, list[bytes](), threading.Event()

    def publish(self, lane: str, body: bytes) -> Any:
        from concurrent.futures import Future

        future: Future[None] = Future()
        self.published.append(body)
        if len(self.published) > 1:
            self.may_answer.wait(5)
        if len(self.published) <= self.failures:
            future.set_exception(ConnectionError())
        else:
            future.set_result(None)
        return future


def test_a_lane_message_is_published_until_it_is_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channel.lane_publisher.AGAIN_SECONDS", 0.001)
    confirmed, is_confirmed = list[int](), threading.Event()
    broker = FailingBroker(failures=3)
    publisher = LanePublisher(broker, lambda position: (confirmed.append(position), is_confirmed.set()))  # type: ignore

    publisher.publish(7, "lane", b"x")

    assert publisher.positions() == [7]
    broker.may_answer.set()
    assert is_confirmed.wait(5)
    assert (broker.published, confirmed, len(publisher)) == ([b"x"] * 4, [7], 0)
