"""What its carrier does not take goes to others: chunk by chunk, and to a carrier on trial only a little."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from channel.batches import Batch, Header
from channel.outlets import Chunk
from chassis.ids import new_id
from contracts.vocabulary import Lane
from sms_gateway.batches import Content, SmsMessage
from sms_gateway.content.parts import LongForm
from sms_gateway.domain.routing import Router, RouteRule
from sms_gateway.outbound.carrier_settings import CarrierSettings
from sms_gateway.outbound.carriers import CarrierOutlet
from sms_gateway.outbound.receipt_watch import ReceiptWatch
from sms_gateway.outbound.sms import SmsOutbound


class Loop:
    """Where nothing stops."""

    is_stopping = False

    def is_stopped(self, header: Header) -> bool:
        return False

    def settled(self, messages: Any) -> None:
        raise AssertionError("everything finds a carrier")

    def wants_claims(self, outlet: Any) -> None:
        """Nothing waits."""


@pytest.fixture
def outbound(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], tuple[SmsOutbound, list[CarrierOutlet]]]:
    """Carriers of one route each, in this order."""
    monkeypatch.setattr(CarrierOutlet, "is_up", True)

    def make(count: int) -> tuple[SmsOutbound, list[CarrierOutlet]]:
        unused: Any = None
        made = SmsOutbound(unused, unused, unused, unused, claim_ahead=2000, bulk_prefetch=1, unmatched_after=60.0)
        loop: Any = Loop()
        made._loop = loop
        carriers = [
            CarrierOutlet(
                CarrierSettings(
                    new_id(), "c", 1, "h", 1, "s", "p", "", "transceiver", 1, 50, 0, None, LongForm.UDH, "same"
                ),
                loop, 2000, lambda is_on_trial: None, made._fail_over,
            )
            for _ in range(count)
        ]  # fmt: skip
        made._carriers = {carrier.id: carrier for carrier in carriers}
        made._router = Router(RouteRule(each.id, priority=number) for number, each in enumerate(carriers))
        return made, carriers

    return make


def handed_over(carrier: CarrierOutlet, count: int, **content: str) -> list[SmsMessage]:
    """A chunk of messages that are claimed for the carrier."""
    raw = {name: str(new_id()) for name in ("batch_id", "account_id", "send_id")}
    recipients = [{"number": number, "address": f"+48600{number:06d}"} for number in range(count)]
    batch = Batch(
        Header({**raw, "content_hash": "h"}, Lane.BULK), Content(new_id(), "Wici", {"text": "Hej", **content}), count
    )
    chunk = Chunk(batch, carrier, recipients)
    carrier.claimed[Lane.BULK] += count
    return [SmsMessage(chunk, recipient, str(new_id()), False, 0) for recipient in recipients]


def test_messages_that_fail_over_together_cost_a_look_at_each_carrier_and_a_rendering_for_each_chunk(
    outbound: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, (first, second, third) = outbound(3)
    messages = [message for _ in range(3) for message in handed_over(first, 100)]
    calls: Counter[str] = Counter()

    def count(of: type, name: str) -> None:
        method = getattr(of, name)

        def counted(*arguments: Any) -> Any:
            calls[name] += 1
            return method(*arguments)

        monkeypatch.setattr(of, name, counted)

    count(CarrierOutlet, "trial_room"), count(CarrierOutlet, "hand_over"), count(SmsOutbound, "compose")

    assert made._fail_over(first, messages) == []

    assert calls == {"trial_room": 3, "hand_over": 3, "compose": 3}
    assert [each.claimed[Lane.BULK] for each in (first, second, third)] == [0, 300, 0]
    again = [part.message for part in second.queues.ready[Lane.BULK]]
    assert [each.recipient for each in again] == [each.recipient for each in messages]
    assert {(each.outlet, each.refused_by) for each in again} == {(second, frozenset({first.id}))}


def test_who_has_refused_a_message_does_not_get_it_again(outbound: Any) -> None:
    made, (first, second) = outbound(2)
    messages = handed_over(first, 10)
    for message in messages[:4]:
        message.refused_by = frozenset({second.id})

    assert made._fail_over(first, messages) == messages[:4]
    assert (first.claimed[Lane.BULK], second.claimed[Lane.BULK]) == (4, 6)


@pytest.mark.parametrize("way", ["route", "fail over"])
def test_a_carrier_on_trial_gets_as_many_as_it_has_room_for(outbound: Any, way: str) -> None:
    made, (first, second, third) = outbound(3)
    while not second.circuit.note(0.0, good=0, ill=1):
        pass
    second.circuit.begin_trial()
    second.circuit.note(0.0, good=2, ill=0)
    messages = handed_over(first, 10)
    if way == "route":
        made._carriers = {each.id: each for each in (second, third)}
        groups = made.route(messages[0].chunk.batch, [message.recipient for message in messages])
        assert [(outlet, len(some)) for outlet, some in groups] == [(second, 3), (third, 7)]
        return

    assert made._fail_over(first, messages) == []
    assert (second.claimed[Lane.BULK], third.claimed[Lane.BULK]) == (3, 7)


@pytest.mark.parametrize("way", ["route", "fail over"])
def test_what_may_need_a_languages_tables_leaves_by_carriers_that_take_them(outbound: Any, way: str) -> None:
    made, (first, second, third) = outbound(3)
    third.settings = replace(third.settings, national_languages=frozenset({"tr"}))
    messages = handed_over(first, 10, national_language="tr")
    if way == "route":
        recipients = [message.recipient for message in messages]
        assert made.route(messages[0].chunk.batch, recipients) == [(third, recipients)]
        only = [{**recipients[0], "carrier_id": str(second.id)}]  # an operator's test of what it takes
        assert made.route(messages[0].chunk.batch, only) == [(second, only)]
        return

    assert made._fail_over(first, messages) == []
    assert (second.claimed[Lane.BULK], third.claimed[Lane.BULK]) == (0, 10)


def test_a_carrier_whose_receipts_are_late_gets_a_trickle_and_then_more(outbound: Any) -> None:
    made, (first, second) = outbound(2)
    first.watch = ReceiptWatch(60.0)

    def taken() -> int:
        messages = handed_over(second, 100)
        recipients = [message.recipient for message in messages]
        return {outlet: len(some) for outlet, some in made.route(messages[0].chunk.batch, recipients)}.get(first, 0)

    assert taken() == 100
    first.watch.lateness.note(40, 20)
    assert taken() == 2
    grown = []
    for _ in range(3):
        first.watch.lateness.note(40, 4)
        grown.append(taken())
    assert grown == [10, 50, 100]


def test_a_sole_carrier_keeps_its_traffic_however_late_its_receipts_are(outbound: Any) -> None:
    made, (only,) = outbound(1)
    only.watch = ReceiptWatch(60.0)
    only.watch.lateness.note(40, 40)
    messages = handed_over(only, 10)
    recipients = [message.recipient for message in messages]

    assert only.is_late
    assert made.route(messages[0].chunk.batch, recipients) == [(only, recipients)]
