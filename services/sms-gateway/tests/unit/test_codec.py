"""The SMPP codec: what it writes, a foreign codec reads; what it reads, it bounds."""

import pytest
import smpplib.command
import smpplib.consts
import smpplib.smpp
from hypothesis import given
from hypothesis import strategies as st

from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.constants import RESPONSE, Command, Tag
from sms_gateway.smpp.receipts import read_deliver


def a_value(kind: str, size: int) -> st.SearchStrategy[smpp.Value]:
    if kind == smpp.BYTE:
        return st.integers(0, 255)
    if kind == smpp.OCTETS:
        return st.binary(max_size=size)
    return st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=size - 1)


@st.composite
def pdus(draw: st.DrawFn) -> smpp.Pdu:
    command = draw(st.sampled_from(sorted(smpp.BODIES)))
    fields = {name: draw(a_value(kind, size)) for name, kind, size in smpp.BODIES[command]}
    tlvs = draw(st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=300), max_size=4))
    return smpp.Pdu(command, draw(st.integers(1, 0x7FFFFFFF)), 0, fields, tlvs)


@given(pdus())
def test_every_pdu_survives_the_wire(pdu: smpp.Pdu) -> None:
    assert smpp.decode(smpp.encode(pdu)) == pdu


@given(st.binary(max_size=200))
def test_any_bytes_give_frames_or_an_error(raw: bytes) -> None:
    try:
        frames, rest = smpp.split_frames(raw)
    except smpp.PduError as error:
        assert error.fatal
        return
    assert b"".join(frames) + rest == raw


@given(st.sampled_from(sorted(smpp.BODIES)), st.integers(0, 0xFFFFFFFF), st.binary(max_size=120))
def test_any_body_gives_all_its_fields_or_an_error(command: int, status: int, body: bytes) -> None:
    """Only a response may come without them; what a request has for a status says nothing."""
    frame = smpp.pack_header(16 + len(body), command, status, 1) + body
    try:
        fields = smpp.decode(frame).fields
    except smpp.PduError:
        pass
    else:
        assert fields.keys() == {name for name, _, _ in smpp.BODIES[command]} or (command & RESPONSE and not body)
    try:
        read_deliver(frame)
    except smpp.PduError:
        pass


@given(pdus(), st.data())
def test_a_frame_cut_anywhere_is_never_read_past_its_end(pdu: smpp.Pdu, data: st.DataObject) -> None:
    frame = smpp.encode(pdu)
    cut = data.draw(st.integers(16, len(frame)))
    shorter = (cut).to_bytes(4, "big") + frame[4:cut]
    try:
        assert smpp.decode(shorter).command == pdu.command
    except smpp.PduError:
        assert cut < len(frame)


def test_a_foreign_codec_reads_our_submit() -> None:
    frame = smpp.encode(
        smpp.Pdu(
            Command.SUBMIT_SM,
            7,
            0,
            {"source_addr": "WICI", "source_addr_ton": 5, "destination_addr": "48600100200", "short_message": b"hi"},
            {Tag.USER_MESSAGE_REFERENCE: b"\x00\x09"},
        )
    )

    class Sequenced:
        def next_sequence(self) -> int:
            return 1

    read = smpplib.smpp.parse_pdu(frame, client=Sequenced(), allow_unknown_opt_params=True)

    assert (read.command, read.sequence) == ("submit_sm", 7)
    assert (read.source_addr, read.destination_addr, read.short_message) == (b"WICI", b"48600100200", b"hi")
    assert read.user_message_reference == 9


def test_a_value_that_does_not_fit_is_refused_by_name() -> None:
    with pytest.raises(smpp.PduError, match="destination_addr"):
        smpp.encode(smpp.Pdu(Command.SUBMIT_SM, 1, 0, {"destination_addr": "1" * 21}))


def test_an_absurd_length_ends_the_stream() -> None:
    with pytest.raises(smpp.PduError) as caught:
        smpp.split_frames(b"\xff\xff\xff\xff" + bytes(12))
    assert caught.value.fatal
