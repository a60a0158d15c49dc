"""What a carrier's answers and receipts are taken for."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from prometheus_client import REGISTRY

from channel.batches import Batch, Header
from channel.outlets import NOT_STORED, Chunk, Claim, Message
from chassis.ids import new_id
from contracts.ids import first_id_at
from contracts.short_codes import Codes
from contracts.vocabulary import Lane, MessageState
from sms_gateway.batches import Content, Part, SmsMessage
from sms_gateway.content.parts import LongForm
from sms_gateway.outbound import figures
from sms_gateway.outbound.carrier_settings import CarrierSettings, _errors
from sms_gateway.outbound.carrier_view import view
from sms_gateway.outbound.carriers import CarrierOutlet
from sms_gateway.outbound.composing import compose
from sms_gateway.smpp.receipts import Receipt
from sms_gateway.store.ledger import SmsLedger


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


def carrier(events: Events, window: int = 50, **more: Any) -> CarrierOutlet:
    settings = CarrierSettings(
        new_id(), "c", 1, "h", 1, "s", "p", "", "transceiver", 1, window, 0, None, LongForm.UDH, "same", **more
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


@pytest.mark.parametrize(
    ("lane", "unanswered", "times"), [(Lane.OTP, 0, 3), (Lane.TRANSACTIONAL, 2, 1), (Lane.BULK, 0, 1)]
)
def test_a_message_whose_answers_never_come_leaves_a_few_times_and_is_unknown(
    lane: Lane, unanswered: int, times: int
) -> None:
    """It left at each response time-out for as long as it was valid, and may have reached the phone each time."""
    events = Events()
    work, code = carrier(events), message(2, lane)
    code.attempts = 7  # throttled: it has reached nobody
    code.recipient["unanswered"] = unanswered
    work.queues.put([code])
    left = 0
    while parts := work.take(2, 0):
        left += len(parts)
        work.lost(parts)

    assert (left, [each.state for each in events.messages]) == (2 * times, ["unknown"])
    assert not work.queues


def test_carriers_that_are_all_silent_count_together() -> None:
    """Each passes it on to the next, which makes the message anew of its recipient."""
    events, left = Events(), 0
    waiting = [message(1, Lane.OTP)]
    while waiting and not events.messages:
        taken = waiting[0]
        waiting = [message(1, Lane.OTP)]
        waiting[0].recipient = taken.recipient
        settings = carrier(events).settings
        work = CarrierOutlet(settings, events, 2000, lambda is_on_trial: None, lambda outlet, messages: [])
        work.queues.put([taken])
        left += 1
        work.lost(work.take(1, 0))

    assert (left, [each.state for each in events.messages]) == (3, ["unknown"])


def test_a_message_that_is_of_no_use_any_more_is_not_repeated() -> None:
    events = Events()
    work, code = carrier(events), message(1, Lane.OTP)
    code.header.accepted_at -= 31 * 60
    work.queues.put([code])
    work.lost(work.take(1, 0))
    assert [each.state for each in events.messages] == ["unknown"] and not work.queues


@pytest.mark.parametrize("parts", [1, 2])
def test_a_message_that_one_carrier_may_have_is_not_rejected_by_the_next(parts: int) -> None:
    """The first did not answer: it may have reached the phone, and its receipt is the first carrier's."""
    events = Events()
    code = message(parts, Lane.OTP)
    first, second = carrier(events), carrier(events)
    code.note_unanswered(1, first.id, "first")
    code.outlet = second
    second.queues.put([code])
    second.answered([(each, 0x0B, "") for each in second.take(parts, 0)])

    (ended,) = events.messages
    assert (ended.state, ended.code) == (MessageState.UNKNOWN, "0x0b")
    told = SmsLedger().event(code)
    assert told["detail"] == "first did not answer; c refused it: 0x0b"
    assert SmsLedger().row(code)[4] == first.id


def test_what_no_carrier_may_have_is_rejected() -> None:
    events, code = Events(), message(1, Lane.OTP)
    work = carrier(events)
    work.queues.put([code])
    work.answered([(each, 0x0B, "") for each in work.take(1, 0)])
    assert [each.state for each in events.messages] == ["rejected"]


def test_the_tries_of_dead_processes_count() -> None:
    """What one had claimed has left, for all that anybody knows; after three it does not leave again."""
    code, carrier_id = message(1, Lane.OTP), new_id()
    for times in (1, 2, 3):
        assert not code.is_given_up
        code.note_unanswered(code.unanswered + 1, carrier_id)
        assert code.unanswered == times
    assert code.is_given_up
    code.state = MessageState.UNKNOWN
    assert code.holder.id == carrier_id


def test_too_late_is_said_of_the_silent_carrier_and_of_no_other() -> None:
    """It went to the next carrier's turn, and was of no use by then: that one has never seen it."""
    code, silent = message(1, Lane.OTP), new_id()
    code.header.accepted_at -= 31 * 60
    code.note_unanswered(1, silent, "first")
    (late,) = compose(
        code.chunk, [code.recipient], LongForm.UDH, Codes(b"k" * 16), reference=0, now=time.time(), countries={}
    )

    told = SmsLedger().event(late)
    assert (told["kind"], told["code"], told["peer"]) == ("unknown", "too_late", "first")
    assert told["detail"] == "first did not answer; too late to try again"
    assert SmsLedger().row(late)[4] == silent


@pytest.mark.parametrize(("allowed", "address"), [({}, "nobody"), (frozenset({"DE"}), "+48600100200")])
def test_what_a_carrier_may_have_is_not_rejected_by_us_either(allowed: Any, address: str) -> None:
    code = message(1, Lane.OTP)
    code.note_unanswered(1, new_id(), "first")
    recipient = {**code.recipient, "address": address}
    countries = {code.header.account_id: allowed} if allowed else {}
    (ended,) = compose(
        code.chunk, [recipient], LongForm.UDH, Codes(b"k" * 16), reference=0, now=time.time(), countries=countries
    )
    assert ended.state is MessageState.UNKNOWN
    assert "refused" not in SmsLedger().event(ended)["detail"]


@pytest.mark.parametrize("times", [0, 1])
def test_an_answer_that_could_not_be_stored_is_no_refusal(times: int) -> None:
    """It took the message: as `channel.ledger_thread` leaves it."""
    code, work = message(1, Lane.OTP), carrier(Events())
    code.note_unanswered(times, new_id(), "first")
    code.outlet, code.state, code.code = work, MessageState.UNKNOWN, NOT_STORED
    told = SmsLedger().event(code)
    assert (told["peer"], "detail" in told) == ("c", False)
    assert SmsLedger().row(code)[4] == work.id


def test_who_may_have_it_is_not_forgotten() -> None:
    """A process dies that had it in hand for a carrier that nobody knows, or of which only the id is left."""
    code, first, second = message(1, Lane.OTP), new_id(), new_id()
    known = []
    for times, who in ((1, (first, "first")), (2, (None,)), (3, (first,)), (4, (second,))):
        code.note_unanswered(times, *who)
        known.append(code.recipient["unanswered_by"])
    assert known == [[str(first), "first"]] * 3 + [[str(second), ""]]


def test_when_it_left_without_an_answer_stays_with_a_message_while_it_waits() -> None:
    """A receipt finds it by that, and what keeps it waiting afterwards is no hand-over."""
    noon, ledger = datetime(2026, 5, 4, 12, tzinfo=UTC), SmsLedger()

    def at(minutes: int, recipient: dict[str, Any]) -> SmsMessage:
        made = message(1, Lane.OTP)
        made = SmsMessage(made.chunk, recipient, made.message_id, True, 1)
        moment = noon + timedelta(minutes=minutes)
        made.chunk.claim, made.at = Claim(first_id_at(moment), 1), moment.timestamp()
        return made

    def submitted_at(of: SmsMessage, state: MessageState) -> set[str]:
        of.state = state
        names = [name for name, _ in ledger.columns]
        row, line = ledger.row(of), ledger.line(of).split("\t")
        position = names.index("submitted_at")
        return {row[position].isoformat(), line[position]}

    first = at(0, {"number": 1, "address": "+48600100200"})
    first.note_unanswered(1, new_id(), "c")
    first.at += 600  # until it was given up
    assert submitted_at(first, MessageState.DEFERRED) == {noon.isoformat()}
    again = at(20, orjson.loads(orjson.dumps(first.recipient)))
    assert submitted_at(again, MessageState.DEFERRED) == {noon.isoformat()}
    assert again.handed_over_at == noon
    assert submitted_at(again, MessageState.SUBMITTED) == {(noon + timedelta(minutes=20)).isoformat()}
    again.note_unanswered(2, None)  # its process died: nobody knows whether it left
    assert again.handed_over_at == noon
    again.note_unanswered(3, new_id(), "d")
    assert again.handed_over_at == noon + timedelta(minutes=20)
    assert at(0, {"number": 1, "address": "+48600100200"}).handed_over_at == noon


@pytest.mark.parametrize(
    ("status", "state", "code", "kind"),
    [
        (0x0B, "deferred", "0x08", "ill"), (0x0C, "rejected", "0x0c", "refused"), (0x08, "rejected", "0x08", "refused"),
        (0x400, "deferred", "0x58", "throttled"), (0x401, "deferred", "0x64", "refused"),
        (0x14, "deferred", "0x14", "throttled"),
    ],
)  # fmt: skip
def test_an_error_means_what_the_carriers_table_says(status: int, state: str, code: str, kind: str) -> None:
    events = Events()
    table = {"0x0b": "fail_over", "0x08": "reject", "0x400": "slow_down", "0x00000401": "retry"}
    outlet = carrier(events, errors=_errors(table))
    outlet.answered([(part(), status, "")])
    assert [(each.state, each.code) for each in events.messages] == [(state, code)]
    assert outlet.figures.last_minute(time.monotonic())[kind] == 1


def test_what_the_carrier_took_is_taken_whatever_its_table_says() -> None:
    """A table written before such an entry was refused; one answer beside is an error."""
    events = Events()
    outlet = carrier(events, errors=_errors({"0x00": "retry", "0x0b": "reject"}))
    outlet.answered([(part(), 0x0B, ""), (part(), 0, "a1")])
    assert [each.state for each in events.messages] == ["rejected", "submitted"]
