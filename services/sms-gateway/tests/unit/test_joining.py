"""Long messages from phones: joined once, whatever comes of their parts, in whatever order."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_gateway.content import gsm, parts, segments
from sms_gateway.content.delivered import delivered_text
from sms_gateway.domain.joining import Joined, Segment, join
from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp import receipts
from sms_gateway.smpp.constants import Command, Tag

WAIT = 300.0
TEXTS = st.text(st.characters(codec="utf-16", exclude_categories=["Cs"]), min_size=200, max_size=900)


def cut(text: str, reference: int, *, is_wide: bool) -> list[tuple[int, bytes, int]]:
    """Number, octets and data_coding of each part, as a phone would send them."""
    encoding, octets = parts.encode(text)
    bodies = parts.split(encoding, octets)
    total = len(bodies)
    head = b"\x06\x08\x04" + reference.to_bytes(2, "big") if is_wide else bytes((5, 0, 3, reference & 0xFF))
    coding = parts.CODINGS[encoding]
    return [(number, head + bytes((total, number)) + body, coding) for number, body in enumerate(bodies, 1)]


class Store:
    """What the table of parts does, in memory."""

    def __init__(self, total: int) -> None:
        self.total, self.waiting, self.known, self.messages = total, [], set(), []
        self._last = 0

    def arrive(self, part: tuple[int, bytes, int], at: float) -> None:
        self._last += 1
        number, octets, coding = part
        self.waiting.append(Segment(UUID(int=self._last), number, octets, coding, 0x40, at))

    def turn(self, now: float) -> list[Joined]:
        messages, repeated = join(self.waiting, self.known, total=self.total, came_by=now - WAIT)
        gone = [*repeated, *(each for message in messages for each in message.segments)]
        self.known |= {each.content for each in gone}
        self.waiting = [each for each in self.waiting if each not in gone]
        self.messages += messages
        return messages


def text_of(message: Joined) -> str | None:
    return delivered_text(*segments.joined(message.segments))


@given(TEXTS, st.integers(0, 65_535), st.booleans(), st.data())
def test_parts_in_any_order_and_doubled_make_the_message_once(
    text: str, reference: int, is_wide: bool, data: st.DataObject
) -> None:
    sent = cut(text, reference, is_wide=is_wide)
    doubled = data.draw(st.lists(st.sampled_from(sent), max_size=4))
    store = Store(len(sent))
    order = data.draw(st.permutations([*sent, *doubled]))
    turns = data.draw(st.lists(st.booleans(), min_size=len(order), max_size=len(order)))
    for moment, (part, is_turn) in enumerate(zip(order, turns, strict=True)):
        store.arrive(part, float(moment))
        if is_turn:
            store.turn(float(moment))
    store.turn(float(len(order)))

    assert [text_of(message) for message in store.messages] == [text]
    assert store.messages[0].missing == []
    store.turn(WAIT + len(order))
    assert (len(store.messages), store.waiting) == (1, [])


@given(TEXTS, st.data())
def test_what_is_there_of_a_message_is_passed_on_when_the_rest_does_not_come(text: str, data: st.DataObject) -> None:
    sent = cut(text, 7, is_wide=False)
    there = data.draw(st.lists(st.sampled_from(sent), min_size=1, max_size=len(sent) - 1, unique=True))
    store = Store(len(sent))
    for part in data.draw(st.permutations(there + there[:1])):
        store.arrive(part, 0.0)

    assert store.turn(WAIT - 1) == []
    (message,) = store.turn(WAIT)

    numbers = sorted(number for number, _, _ in there)
    assert [each.number for each in message.segments] == numbers
    assert message.missing == [number for number in range(1, len(sent) + 1) if number not in numbers]
    store.turn(2 * WAIT)
    assert (len(store.messages), store.waiting) == (1, [])


@given(TEXTS, TEXTS, st.booleans())
def test_a_phone_that_always_has_the_same_reference_loses_no_message(first: str, second: str, is_alike: bool) -> None:
    opening = "Zażółć " * 30
    texts = [opening + each[:200].ljust(200, ".") if is_alike else each for each in (first, second)]
    sent = [cut(text, 1, is_wide=False) for text in texts]
    if len(sent[0]) != len(sent[1]):
        return  # the total tells them apart
    store = Store(len(sent[0]))
    for moment, some in enumerate(sent):
        for part in some:
            store.arrive(part, float(moment))
            store.turn(float(moment))

    expected = texts if texts[0] != texts[1] else texts[:1]
    assert [text_of(message) for message in store.messages] == expected


@given(TEXTS)
def test_a_message_that_is_delivered_again_as_a_whole_is_none(text: str) -> None:
    sent = cut(text, 1, is_wide=False)
    store = Store(len(sent))
    for again in range(2):
        for part in sent:
            store.arrive(part, float(again))
        store.turn(float(again))

    assert [text_of(message) for message in store.messages] == [text]
    assert store.waiting == []


@pytest.mark.parametrize("coding", [0, 8])
def test_characters_that_the_cut_goes_through_are_whole_again(coding: int) -> None:
    octets = gsm.encode("Cena: 5€") if coding == 0 else "👍".encode("utf-16-be")
    assert octets is not None
    middle = len(octets) - (1 if coding == 0 else 2)
    head = bytes((5, 0, 3, 7, 2))
    some = [
        Segment(UUID(int=number), number, head + bytes((number,)) + part, coding, 0x40, 0.0)
        for number, part in enumerate((octets[:middle], octets[middle:]), 1)
    ]
    assert delivered_text(*segments.joined(some)) == ("Cena: 5€" if coding == 0 else "👍")


def test_parts_in_two_alphabets_and_other_elements_of_the_header_stay() -> None:
    first = Segment(UUID(int=1), 1, b"\x0b\x05\x04\x0b\x84\x23\xf0\x00\x03\x07\x02\x01Hej ", 0, 0x43, 0.0)
    second = Segment(UUID(int=2), 2, b"\x05\x00\x03\x07\x02\x02" + "ż".encode("utf-16-be"), 8, 0x43, 0.0)
    octets, coding, esm_class = segments.joined([first, second])
    assert delivered_text(octets, coding, esm_class) == "Hej ż"
    assert (octets[:7], esm_class) == (b"\x06\x05\x04\x0b\x84\x23\xf0", 0x43)


@pytest.mark.parametrize(
    "header",
    [b"", b"\x05\x00\x03\x07\x00\x01", b"\x05\x00\x03\x07\x02\x03", b"\x05\x00\x03\x07\x02\x00",
     b"\x05\x00\x03\x07\x01\x01", b"\x05\x08\x03\x07\x02\x01", b"\x04\x00\x03\x07\x02", b"\xff\x00\x03"],
)  # fmt: skip
def test_a_header_that_makes_no_sense_makes_no_part(header: bytes) -> None:
    assert segments.place_of(header, 0x40) is None
    assert segments.place_of(b"\x05\x00\x03\x07\x02\x01", 0) is None


@given(st.binary(max_size=40), st.integers(0, 255))
def test_any_octets_are_read(octets: bytes, esm_class: int) -> None:
    place = segments.place_of(octets, esm_class)
    assert place is None or 1 <= place.number <= place.total
    segments.joined([Segment(UUID(int=1), 1, octets, 8, esm_class, 0.0)])


def delivered(tlvs: dict[int, bytes]) -> receipts.Inbound:
    known = {"source_addr": "48600100200", "destination_addr": "48500000001", "short_message": b"Hej"}
    read = receipts.read_deliver(smpp.encode(smpp.Pdu(Command.DELIVER_SM, 1, 0, known, tlvs)))
    assert isinstance(read, receipts.Inbound)
    return read


def test_sar_parameters_are_a_header_like_any_other() -> None:
    sar: Sequence[tuple[int, bytes]] = [
        (Tag.SAR_MSG_REF_NUM, b"\x12\x34"), (Tag.SAR_TOTAL_SEGMENTS, b"\x03"), (Tag.SAR_SEGMENT_SEQNUM, b"\x02")
    ]  # fmt: skip
    part = delivered(dict(sar))
    assert segments.place_of(part.body, part.esm_class) == (0x1234, 3, 2)
    assert delivered_text(part.body, part.data_coding, part.esm_class) == "Hej"
    alone = delivered(dict(sar[:2]))
    assert (alone.body, alone.esm_class) == (b"Hej", 0)
