"""What a carrier's answers and receipts are taken for."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.ids import new_id
from contracts.vocabulary import Lane, MessageState
from sms_gateway.connector.carriers import CarrierSettings, CarrierWork
from sms_gateway.smpp.parts import LongForm
from sms_gateway.smpp.receipts import Receipt
from sms_gateway.work import Batch, Chunk, Content, Header, Message, Part


class Desk:
    """Records what a carrier hands on."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.receipts: list[tuple[list[int], list[str]]] = []

    def settled(self, messages: list[Message]) -> None:
        self.messages += messages

    def received(self, carrier: Any, link: Any, sequences: list[int], receipts: list[Any]) -> None:
        self.receipts.append((sequences, [each.carrier_message_id for each in receipts]))

    def wants_claims(self, carrier: Any) -> None:
        """Nothing waits."""

    def came_up(self, carrier: Any) -> None:
        """Nothing waits."""


def carrier(desk: Desk, window: int = 50) -> CarrierWork:
    settings = CarrierSettings(
        new_id(), "c", 1, "h", 1, "s", "p", "", "transceiver", 1, window, 0, False, LongForm.UDH, "same"
    )
    return CarrierWork(settings, desk, 2000)


def part() -> Part:
    raw = {name: str(new_id()) for name in ("batch_id", "account_id", "send_id")}
    batch = Batch(Header({**raw, "content_hash": "h"}, Lane.BULK), Content(new_id(), "Wici", {"text": "Hej"}), 1)
    recipient = {"number": 0, "address": "+48600100200"}
    return Part(b"", Message(Chunk(batch, None, [recipient]), recipient, "m", False, 0), 1)


@pytest.mark.parametrize(("identifier", "kept"), [("x" * 64, "x" * 64), ("x" * 65, ""), ("x" * 9_000, ""), ("", "")])
def test_an_id_that_no_carrier_may_give_is_none(identifier: str, kept: str) -> None:
    desk = Desk()
    work = carrier(desk)
    work.answered([(part(), 0, identifier)])
    receipts = [(7, Receipt(identifier, MessageState.DELIVERED, "", "48600100200"))]
    work.receipts(work.links[0], receipts)

    assert [(message.state, message.carrier_ids) for message in desk.messages] == [("submitted", [kept])]
    # The carrier is answered all the same: it would send the receipt for days.
    assert desk.receipts == [([7], [kept] if kept else [])]


@pytest.mark.parametrize(("window", "bulk"), [(1, 1), (2, 1), (10, 9), (50, 45)])
def test_codes_find_room_beside_bulk(window: int, bulk: int) -> None:
    work = carrier(Desk(), window)
    work.ready[Lane.BULK].extend(part() for _ in range(100))

    assert len(work.take(window, 0)) == bulk
