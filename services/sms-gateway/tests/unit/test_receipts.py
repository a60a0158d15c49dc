"""Receipts of several dialects come out as states with the carrier's code."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_gateway.domain.numbers import in_full
from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.constants import Command, Tag
from sms_gateway.smpp.receipts import (
    Inbound,
    Receipt,
    Unread,
    read_data,
    read_deliver,
    seconds_under_way,
)


def deliver(body: bytes, esm_class: int = 4, tlvs: dict[int, bytes] | None = None) -> bytes:
    fields: dict[str, smpp.Value] = {
        "source_addr": "48600100200",
        "destination_addr": "WICI",
        "esm_class": esm_class,
        "short_message": body,
    }
    return smpp.encode(smpp.Pdu(Command.DELIVER_SM, 1, 0, fields, tlvs or {}))


@pytest.mark.parametrize(
    ("stat", "err", "state"),
    [
        ("DELIVRD", "000", "delivered"),
        ("UNDELIV", "027", "undelivered"),
        ("EXPIRED", "0A1", "expired"),
        ("REJECTD", "005", "rejected"),
        ("DELETED", "000", "undelivered"),
        ("UNKNOWN", "000", "unknown"),
        ("ACCEPTD", "000", None),
        ("ENROUTE", "000", None),
    ],
)
def test_text_form(stat: str, err: str, state: str | None) -> None:
    body = f"id:0A1b sub:001 dlvrd:001 submit date:2611240745 done date:2611240746 stat:{stat} err:{err} text:Hello"
    assert read_deliver(deliver(body.encode())) == Receipt("0A1b", state, err, "48600100200", "WICI", body.encode())


def test_text_form_without_an_error_code() -> None:
    body = b"id:77 submit date:2611240745 stat:DELIVRD"
    assert read_deliver(deliver(body)) == Receipt("77", "delivered", "", "48600100200", "WICI", body)


def test_parameter_form_wins_over_the_text() -> None:
    tlvs = {
        Tag.RECEIPTED_MESSAGE_ID: b"cafe01\0",
        Tag.MESSAGE_STATE: b"\x05",
        Tag.NETWORK_ERROR_CODE: b"\x03\x00\x1b",
    }
    assert read_deliver(deliver(b"", tlvs=tlvs)) == Receipt("cafe01", "undelivered", "027", "48600100200", "WICI")


@pytest.mark.parametrize(
    ("body", "tlvs"),
    [
        (b"stat:DELIVRD", {}),
        (b"id:7", {}),
        (b"id:7 stat:GLORIOUS", {}),
        (b"", {Tag.RECEIPTED_MESSAGE_ID: b"7\0", Tag.MESSAGE_STATE: b"\x2a"}),
        (b"", {}),
    ],
)
def test_a_receipt_that_is_not_understood_is_kept_as_it_came(body: bytes, tlvs: dict[int, bytes]) -> None:
    frame = deliver(body, tlvs=tlvs)
    assert read_deliver(frame) == Unread(frame, "a receipt without an id or a state")


def test_what_a_person_wrote_is_no_receipt_where_the_carrier_names_the_message_answered() -> None:
    frame = deliver(b"Tak", esm_class=0, tlvs={Tag.RECEIPTED_MESSAGE_ID: b"7\0"})
    read = read_deliver(frame)
    assert isinstance(read, Inbound) and read.body == b"Tak"


@pytest.mark.parametrize("cut", range(16, 50))
def test_a_frame_that_is_cut_short_is_kept_as_it_came(cut: int) -> None:
    frame = deliver(b"id:7 stat:DELIVRD")[:cut]
    assert isinstance(read_deliver(frame), Unread)


@pytest.mark.parametrize(
    ("body", "esm_class", "tlvs", "expected"),
    [
        (b"id:7 sub:001 dlvrd:001 stat:DELIVRD err:000", 0, {}, ("7", "delivered", "000")),
        (b"id: 7 sub: 001 stat: DELIVERED err: 012", 4, {}, ("7", "delivered", "012")),
        (b"ID:7 STAT:UNDELIVERED", 4, {}, ("7", "undelivered", "")),
        (b"id:7 stat:REJECTED", 4, {}, ("7", "rejected", "")),
        (b"id:7 stat:FAILED err:9", 4, {}, ("7", "undelivered", "9")),
        (b"id:7 stat:SKIPPED", 4, {}, ("7", "undelivered", "")),
        (b"stat:EXPIRED err:5", 4, {Tag.RECEIPTED_MESSAGE_ID: b"8\0"}, ("8", "expired", "5")),
        (b"id:9 err:77", 4, {Tag.MESSAGE_STATE: b"\x05"}, ("9", "undelivered", "77")),
        (b"id:1 stat:ENROUTE", 4, {Tag.RECEIPTED_MESSAGE_ID: b"8", Tag.MESSAGE_STATE: b"\x02"}, ("8", "delivered", "")),
        (b"", 0, {Tag.RECEIPTED_MESSAGE_ID: b"8", Tag.MESSAGE_STATE: b"\x09"}, ("8", "undelivered", "")),
        (b"", 4, {Tag.MESSAGE_PAYLOAD: b"id:6 stat:DELIVRD"}, ("6", "delivered", "")),
        (b"id:7 stat:DELIVRD", 0x20, {}, ("7", None, "")),
        (b"id:7 stat:ACCEPTED", 4, {}, ("7", None, "")),
    ],
)
def test_dialects(body: bytes, esm_class: int, tlvs: dict[int, bytes], expected: tuple[str, str | None, str]) -> None:
    found = read_deliver(deliver(body, esm_class, tlvs))
    assert isinstance(found, Receipt)
    assert (found.carrier_message_id, found.state, found.code) == expected


@pytest.mark.parametrize(
    ("esm_class", "tlvs", "is_typed"),
    [(0, {}, True), (4, {}, False), (0x20, {}, False), (0, {Tag.RECEIPTED_MESSAGE_ID: b"8"}, False)],
)
def test_what_only_its_text_makes_a_receipt_may_be_a_phones(
    esm_class: int, tlvs: dict[int, bytes], is_typed: bool
) -> None:
    found = read_deliver(deliver(b"id:7 sub:001 dlvrd:001 stat:DELIVRD err:000", esm_class, tlvs))
    assert isinstance(found, Receipt) and found.is_typed is is_typed


@pytest.mark.parametrize("address", ["48600100200", "+48600100200", "0048600100200"])
def test_a_phones_number_however_a_carrier_writes_it(address: str) -> None:
    assert in_full(address) == "+48600100200"


def test_a_receipt_in_ucs2() -> None:
    fields: dict[str, smpp.Value] = {
        "esm_class": 4, "data_coding": 8, "short_message": "id:7 stat:DELIVRD err:001".encode("utf-16-be"),
    }  # fmt: skip
    found = read_deliver(smpp.encode(smpp.Pdu(Command.DELIVER_SM, 1, 0, fields)))
    assert isinstance(found, Receipt) and (found.carrier_message_id, found.state) == ("7", "delivered")


def test_a_receipt_as_data_sm() -> None:
    tlvs = {Tag.MESSAGE_PAYLOAD: b"id:7 stat:UNDELIV err:027"}
    frame = smpp.encode(smpp.Pdu(Command.DATA_SM, 1, 0, {"source_addr": "48600100200", "esm_class": 4}, tlvs))
    assert read_data(frame) == Receipt("7", "undelivered", "027", "48600100200", "", tlvs[Tag.MESSAGE_PAYLOAD])
    assert isinstance(read_data(frame[:20]), Unread)


@given(st.binary(max_size=120))
def test_any_bytes_are_something(rest: bytes) -> None:
    frame = smpp.pack_header(16 + len(rest), Command.DELIVER_SM, 0, 1) + rest
    assert isinstance(read_deliver(frame), (Receipt, Inbound, Unread))
    frame = smpp.pack_header(16 + len(rest), Command.DATA_SM, 0, 1) + rest
    assert isinstance(read_data(frame), (Receipt, Inbound, Unread))


@pytest.mark.parametrize("text", [b"id: me. What stat: do you mean?", b"Pick id:7 stat:DELIVRD"])
def test_a_person_may_write_of_ids(text: bytes) -> None:
    assert isinstance(read_deliver(deliver(text, esm_class=0)), Inbound)


def test_an_answer_from_a_phone_is_not_a_receipt() -> None:
    assert read_deliver(deliver(b"STOP", esm_class=0)) == Inbound("48600100200", "WICI", 0, 0, b"STOP")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (b"id:1 submit date:2611240745 done date:2611240745 stat:DELIVRD", 0),
        (b"id:1 sub:001 submit date:2611242359 done date:2611250001 stat:DELIVRD", 120),
        (b"id:1 Submit Date:261124074530 Done Date:261124074550 stat:DELIVRD", 20),
        (b"id:1 submit date:2611250001 done date:2611242359 stat:DELIVRD", 0),
        (b"id:1 submit date:2699999999 done date:2611242359 stat:DELIVRD", None),
        (b"id:1 submit date:2611250001 stat:DELIVRD", None),
        (b"", None),
    ],
)
def test_the_dates_of_a_receipt_tell_how_long_it_was_under_way(text: bytes, seconds: float | None) -> None:
    assert seconds_under_way(text) == seconds


# What was read before by one expression each: on what carriers send, both say the same.
_FORM = re.compile(rb"\bid\s*:.*\b(sub|submit date|done date)\s*:.*\bstat\s*:", re.IGNORECASE | re.DOTALL)
_DATES = re.compile(rb"submit date:\s*(\d{10,12}).*?done date:\s*(\d{10,12})", re.IGNORECASE | re.DOTALL)
_WORDS = st.sampled_from(
    [
        b"id:", b"ID :", b"7", b"sub:", b"sub:001", b"submit date:", b"submit date:2611240745",
        b"submit date: 261124074530", b"done date:", b"Done Date:2611250001", b"done date:2611242359", b"stat:",
        b"stat:DELIVRD", b"err:000", b"text:", b"x", b"\n", b"2611240745",
    ]
)  # fmt: skip


@given(st.lists(_WORDS, max_size=12), st.sampled_from([b" ", b"", b"\n"]))
def test_a_text_is_read_as_by_one_expression(words: list[bytes], between: bytes) -> None:
    text = between.join(words)
    found = read_deliver(deliver(text[:254], esm_class=0))
    assert isinstance(found, Inbound) == (_FORM.search(text[:254]) is None)
    dates = _DATES.search(text)
    ordinary = b"submit date:%s done date:%s" % dates.groups() if dates else b""
    assert seconds_under_way(text) == seconds_under_way(ordinary)


@pytest.mark.parametrize(
    "text",
    [
        b"id:" * 21_000,
        b"id:" * 7_000 + b"sub:" * 5_000 + b" stat" * 4_000,
        b" id:" * 5_000 + b" sub:" * 5_000 + b" stat " * 3_000,
        b"submit date:2611240745" * 2_900,
        b"id" + b" " * 64_000,
        b"id:" + b" " * 64_000,
        b"stat: " * 10_000,
        b" stat:" * 5_000 + b" id:" * 8_000,
    ],
    ids=range(8),
)
@pytest.mark.parametrize("esm_class", [0, 4])
def test_a_text_that_is_made_to_take_long_does_not(text: bytes, esm_class: int) -> None:
    frame = deliver(b"", esm_class, {Tag.MESSAGE_PAYLOAD: text})
    began = time.process_time()

    assert isinstance(read_deliver(frame), (Receipt, Inbound, Unread))
    seconds_under_way(text)

    assert time.process_time() - began < 0.5  # a few milliseconds; by one expression minutes and hours
