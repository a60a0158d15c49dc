"""What a partner asks for, as it is read: times, parts, and any bytes at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_gateway.content import octets
from sms_gateway.content.parts import SIZES, Encoding, TooLong
from sms_gateway.content.template import Template
from sms_gateway.domain.numbers import is_in_full, readings
from sms_gateway.domain.smpp_partners import phone, senders_by_spelling, written
from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp import requests, times
from sms_gateway.smpp.constants import HEADER_SIZE, Command, Tag
from sms_gateway.smpp.pdu import PduError

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
moments = st.integers(0, 3_155_000_000).map(lambda second: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=second))


@given(moments)
def test_a_moment_is_read_as_it_was_written(moment: datetime) -> None:
    assert times.read(times.absolute(moment), NOW) == moment


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("", None),
        ("261130120000004+", datetime(2026, 11, 30, 11, tzinfo=UTC)),
        ("261130120000020-", datetime(2026, 11, 30, 17, tzinfo=UTC)),
        ("261130120000500+", datetime(2026, 11, 30, 12, 0, 0, 500_000, tzinfo=UTC)),
        ("000001020304000R", NOW + timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ],
)
def test_zones_and_spans(value: str, meant: datetime | None) -> None:
    assert times.read(value, NOW) == meant


@pytest.mark.parametrize("value", ["261130120000049+", "261330120000000+", "2611301200", "26113012000000٣+", "x"])
def test_what_is_no_time(value: str) -> None:
    with pytest.raises(ValueError):
        times.read(value, NOW)


@given(st.sampled_from([Command.SUBMIT_SM, Command.DATA_SM, Command.SUBMIT_MULTI]), st.binary(max_size=120))
def test_any_body_is_read_or_refused(command: Command, body: bytes) -> None:
    frame = (HEADER_SIZE + len(body)).to_bytes(4, "big") + int(command).to_bytes(4, "big") + bytes(8) + body
    try:
        found = requests.read(frame)
    except PduError as error:
        assert error.status
    else:
        assert found.octets


_texts = st.binary(max_size=24).map(lambda octets: octets.replace(b"\0", b"1"))
_bytes = st.integers(0, 255).map(lambda number: bytes((number,)))
_mostly = lambda usual: st.just(usual) | _bytes  # noqa: E731
_bodies = st.tuples(
    _texts.map(lambda text: text[:7] + b"\0"), _bytes, _bytes, _texts.map(lambda text: text + b"\0"), _bytes, _bytes,
    _texts.map(lambda text: text + b"\0"), _mostly(b"\0"), _bytes, _mostly(b"\1"), _mostly(b"\0"), _mostly(b"\0"),
    _bytes, _mostly(b"\0"), _bytes, _mostly(b"\0"),
    st.binary(max_size=60).map(lambda octets: bytes((len(octets),)) + octets), st.just(b"") | st.binary(max_size=9),
)  # fmt: skip


@given(_bodies)
def test_the_short_way_reads_what_the_long_way_reads(pieces: tuple[bytes, ...]) -> None:
    body = b"".join(pieces)
    frame = (HEADER_SIZE + len(body)).to_bytes(4, "big") + int(Command.SUBMIT_SM).to_bytes(4, "big") + bytes(8) + body
    short = requests._read_plain(frame)
    if short is not None:
        pdu = smpp.decode(frame)
        fields = pdu.fields
        to = (fields["dest_addr_ton"], fields["dest_addr_npi"], fields["destination_addr"])
        assert short == requests._submitted(pdu, [to], ())  # type: ignore[list-item]


@given(st.binary(min_size=1, max_size=2_000), st.integers(0, 255))
def test_parts_are_all_of_it_in_order_and_fit(body: bytes, data_coding: int) -> None:
    bodies = octets.bodies(body, data_coding, has_header=False)
    assert b"".join(bodies) == body
    is_septets = not octets.is_eight_bit(data_coding) and octets.alphabet(data_coding) is Encoding.GSM
    sizes = SIZES[Encoding.GSM if is_septets else Encoding.UCS2]
    assert all(len(part) <= (sizes.single if len(bodies) == 1 else sizes.concatenated) for part in bodies)


@given(st.binary(max_size=200), st.integers(0, 255))
def test_a_header_of_its_own_stays_before_one_part(body: bytes, data_coding: int) -> None:
    try:
        bodies = octets.bodies(body, data_coding, has_header=True)
    except TooLong:
        return
    assert bodies == (body,)
    assert body[0] < len(body)


@given(st.binary(min_size=1, max_size=300), st.sampled_from([0, 3, 4, 8, 0xF5]))
def test_what_is_stored_is_sent_as_it_came(body: bytes, data_coding: int) -> None:
    content = octets.as_content(body, data_coding, has_header=False)
    assert b"".join(Template(content).encode({}).bodies) == body
    assert "\0" not in content["text"]


def test_parameters_that_are_not_read_here_are_kept_with_the_message() -> None:
    tlvs = {0x1400: b"PE", Tag.USER_MESSAGE_REFERENCE: b"\0\1", Tag.QOS_TIME_TO_LIVE: b"\0\0\0\x3c"}
    fields: dict[str, smpp.Value] = {"destination_addr": "48600100200", "short_message": b"Hej"}
    read = requests.read(smpp.encode(smpp.Pdu(Command.SUBMIT_SM, 1, 0, fields, tlvs)))
    assert read.parameters == {0x1400: b"PE", 0x0204: b"\0\1"}
    content = octets.as_content(read.octets, 0, has_header=False, parameters=read.parameters)
    assert content["parameters"] == {"0x1400": "5045", "0x0204": "0001"}
    assert octets.parameters_of(content) == read.parameters


def with_parameters(count: int, value: bytes) -> bytes:
    fields: dict[str, smpp.Value] = {"destination_addr": "48600100200", "short_message": b"Hej"}
    tlvs = {0x1400 + number: value for number in range(count)}
    return smpp.encode(smpp.Pdu(Command.SUBMIT_SM, 1, 0, fields, tlvs))


@pytest.mark.parametrize(("most", "value"), [(256, b""), (8, bytes(124))])
def test_parameters_that_are_kept_have_a_bound_however_short_they_are(most: int, value: bytes) -> None:
    assert len(requests.read(with_parameters(most, value)).parameters) == most
    with pytest.raises(smpp.PduError):
        requests.read(with_parameters(most + 1, value))


def test_senders_are_known_however_they_are_written() -> None:
    spelled = senders_by_spelling(["Wici", "+48500700800", "72240"], [])
    for name, meant in (("WICI", "Wici"), ("48500700800", "+48500700800"), ("+48500700800", "+48500700800")):
        assert spelled[name.lower()] == meant
    assert senders_by_spelling(["Wici", "Other"], ["wici"]) == {"wici": "Wici"}


def test_phones_are_in_international_form() -> None:
    for to in ((1, 1, "48600100200"), (0, 0, "+48600100200"), (1, 1, "0048600100200"), (2, 1, "48600100200")):
        assert phone(to) == "+48600100200"
        assert written(to)[2] + "48600100200" == to[2]
    for to in ((2, 1, "600100200"), (2, 1, "999123456789"), (5, 0, "nobody"), (1, 1, "12"), (1, 1, "")):
        assert phone(to) is None


def test_a_number_of_no_country_is_read_as_it_stands() -> None:
    """It came from a phone, and must not stop the receipts that came with it."""
    assert readings("999123456789", "72240")[-1] == ("+999123456789", "72240")
    assert not is_in_full("999123456789")
