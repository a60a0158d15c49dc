"""What a carrier's answers and receipts are taken for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from prometheus_client import REGISTRY

from channel.batches import Batch, Header
from channel.outlets import Chunk, Message
from chassis.ids import new_id
from contracts.vocabulary import Lane, MessageState
from sms_gateway.batches import Content, Part, SmsMessage
from sms_gateway.content.parts import LongForm
from sms_gateway.outbound import figures
from sms_gateway.outbound.carrier_settings import CarrierSettings
from sms_gateway.outbound.carrier_view import view
from sms_gateway.outbound.carriers import CarrierOutlet
from sms_gateway.smpp.receipts import Receipt


class Events:
    """Records what a carrier tells."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.receipts: list[list[str]] = []
        self.wanting: list[Any] = []

    def settled(self, messages: Sequence[Message]) -> None:
        self.messages += messages

    def received(self, receipts: list[Any], acknowledge: Any) -> None:
        self.receipts.append([each.carrier_message_id for each in receipts])

    def wants_claims(self, outlet: Any) -> None:
        self.wanting.append(outlet)


def carrier(events: Events, window: int = 50) -> CarrierOutlet:
    settings = CarrierSettings(
        new_id(), "c", 1, "h", 1, "s", "p", "", "transceiver", 1, window, 0, None, LongForm.UDH, "same"
    )
    return CarrierOutlet(settings, events, 2000, lambda is_on_trial: None, lambda outlet, messages: list(messages))


def message(parts: int = 1, lane: Lane = Lane.BULK) -> SmsMessage:
    raw = {name: str(new_id()) for name in ("batch_id", "account_id", "send_id")}
    batch = Batch(Header({**raw, "content_hash": "h"}, lane), Content(new_id(), "Wici", {"text": "Hej"}), 1)
    recipient = {"number": 0, "address": "+48600100200"}
    made = SmsMessage(Chunk(batch, None, [recipient]), recipient, str(new_id()), False, 0)
    made.bodies = [bytes((number,)) for number in range(parts)]
    return made


def part() -> Part:
    return Part(b"", message(), 1)


@pytest.mark.parametrize(("identifier", "kept"), [("x" * 64, "x" * 64), ("x" * 65, ""), ("x" * 9_000, ""), ("", "")])
def test_an_id_that_no_carrier_may_give_is_none(identifier: str, kept: str) -> None:
    events = Events()
    work = carrier(events)
    work.answered([(part(), 0, identifier)])
    receipts = [(7, Receipt(identifier, MessageState.DELIVERED, "", "48600100200"))]
    work.delivered(work.links[0], receipts)

    assert [(message.state, message.carrier_ids) for message in events.messages] == [("submitted", [kept])]
    # The carrier is answered all the same: it would send the receipt for days.
    assert events.receipts == [[kept] if kept else []]


DATED, UNDATED = b"id:1 submit date:2611240745 done date:2611240746 stat:DELIVRD", b"id:1 stat:DELIVRD"


@pytest.mark.parametrize(
    ("reads", "seconds"),
    [([], None), ([UNDATED], None), ([DATED], 60.0), ([DATED, UNDATED], 60.0), ([DATED.replace(b"46", b"45")], 0.0)],
)
def test_how_long_receipts_were_under_way_is_told_by_those_that_tell_it(
    reads: list[bytes], seconds: float | None
) -> None:
    work = carrier(Events())
    for number, text in enumerate(reads):
        receipt = Receipt("1", MessageState.DELIVERED, "", "48600100200", text=text)
        work.delivered(work.links[0], [(number, receipt)])

    shown = view(work)

    assert (shown["receipts"], shown["receipt_seconds"]) == (len(reads), seconds)


def test_a_carrier_that_is_gone_has_no_figures() -> None:
    work = carrier(Events())
    view(work)
    gauges = ("wici_sms_binds", "wici_sms_sent_per_second", "wici_sms_oldest_seconds")
    assert [REGISTRY.get_sample_value(name, {"carrier": "c"}) for name in gauges] == [0.0] * 3

    for _ in range(2):
        figures.forget("c")

    assert [REGISTRY.get_sample_value(name, {"carrier": "c"}) for name in gauges] == [None] * 3


@pytest.mark.parametrize(("window", "bulk"), [(1, 1), (2, 1), (10, 9), (50, 45)])
def test_codes_find_room_beside_bulk(window: int, bulk: int) -> None:
    work = carrier(Events(), window)
    work.queues.ready[Lane.BULK].extend(part() for _ in range(100))

    assert len(work.take(window, 0)) == bulk


def opened(work: CarrierOutlet) -> CarrierOutlet:
    while not work.circuit.note(0.0, good=0, ill=1):
        pass
    return work


@pytest.mark.parametrize("under_way", [0, 1, 2, 3])
@pytest.mark.parametrize("stops", [False, True], ids=["circuit opens", "campaign stops"])
def test_a_long_message_goes_elsewhere_only_where_no_part_of_it_is_under_way(under_way: int, stops: bool) -> None:
    work, long, other = opened(carrier(Events())), message(3), message(3)
    work.queues.put([long, other])
    sent = work.queues.take(Lane.BULK, under_way)

    taken = work.withdraw(lambda header: True) if stops else work.take_back()

    assert taken == ([other] if under_way else [long, other])
    assert len(sent) + len(work.queues) == (3 if under_way else 0)


@pytest.mark.parametrize("resting", [1, 2, 3])
def test_parts_that_rest_go_with_their_message(resting: int) -> None:
    work, long = opened(carrier(Events())), message(3)
    work.queues.put([long])
    for each in work.queues.take(Lane.BULK, resting):
        work.queues.rest(each)

    assert work.take_back() == [long]
    assert not work.queues


def test_a_message_whose_parts_all_come_back_goes_elsewhere() -> None:
    events = Events()
    work, long = opened(carrier(events)), message(2)
    work.queues.put([long])
    first, second = work.queues.take(Lane.BULK, 2)
    work.queues.rest(first)
    assert work.take_back() == []
    work.queues.rest(second)

    work._wake_up(first)

    assert events.wanting == [work] and work.take_back() == [long]
    assert not work.queues.wake_up(second)


@pytest.mark.parametrize("state", [None, MessageState.SUBMITTED])
def test_a_carrier_that_ends_gives_everything_back(state: MessageState | None) -> None:
    work, long = carrier(Events()), message(3)
    work.queues.put([long])
    work.queues.rest(work.queues.take(Lane.BULK, 1)[0])
    long.state, work.is_closing = state, True

    assert [each.state for each in work.take_back()] == ["unknown" if state else "deferred"]
    assert not work.queues
