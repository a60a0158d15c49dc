"""What a partner asks for: submit_sm, data_sm and submit_multi read into one shape (SMPP 3.4 sections 4.4, 4.5, 4.7).

A message comes as a short_message or a message_payload, with a user data header, or with SAR parameters that become
one: everything behind here knows the header alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sms_gateway.smpp import constants as c
from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.constants import Address, Command, Status, Tag
from sms_gateway.smpp.pdu import Pdu, PduError

_SAR = (Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM)
_SIZES = {
    Tag.SAR_MSG_REF_NUM: 2,
    Tag.SAR_TOTAL_SEGMENTS: 1,
    Tag.SAR_SEGMENT_SEQNUM: 1,
    Tag.QOS_TIME_TO_LIVE: 4,
}
_ESM_TYPES = (0x00, 0x08, 0x10)  # of an ESME: default, delivery and manual acknowledgement (section 5.2.12)
_MOST_PRIORITY = 3
# Those that are read here, and say nothing to a carrier any more.
_READ = frozenset((*_SIZES, Tag.MESSAGE_PAYLOAD))
MOST_PASSED = 1_024  # octets of those that are passed on, each with its tag and its length
MOST_DESTINATIONS = 254
_IS_ADDRESS, _IS_LIST = 1, 2  # dest_flag (section 5.2.25)


@dataclass(slots=True)
class Submitted:
    """One message to one or more phones. Times are as they came; `lives` is qos_time_to_live in seconds. `parameters`:
    the optional ones that are not read here, for carriers that are given them."""

    command: int
    source: Address
    destinations: list[Address]
    octets: bytes
    data_coding: int
    has_header: bool
    protocol_id: int
    registered: int
    schedule: str = ""
    validity: str = ""
    lives: int | None = None
    lists: tuple[str, ...] = ()
    parameters: Mapping[int, bytes] = field(default_factory=dict)


def read(frame: bytes) -> Submitted:
    """:raises PduError: what is not to be read, with the status that says so."""
    command = int.from_bytes(frame[4:8], "big")
    if command == Command.SUBMIT_SM and (plain := _read_plain(frame)) is not None:
        return plain
    if command == Command.SUBMIT_MULTI:
        return _read_multi(frame)
    pdu = smpp.decode(frame)
    to = (_byte(pdu.fields, "dest_addr_ton"), _byte(pdu.fields, "dest_addr_npi"), _text(pdu.fields, "destination_addr"))
    return _submitted(pdu, [to], ())


def _read_plain(frame: bytes) -> Submitted | None:
    """A submit_sm with nothing but what almost all have: no times, no optional parameters, nothing that is refused.
    None of any other, which is read field by field, as this one would be in five times as long."""
    service, end = frame.find(0, 16, 22), len(frame)
    source = frame.find(0, service + 3, service + 24)
    to = frame.find(0, source + 3, source + 24)
    if service < 0 or source < 0 or to < 0 or end < to + 12:
        return None
    esm_class, protocol_id, priority, schedule, validity, registered, replaces, coding, default, size = frame[
        to + 1 : to + 11
    ]
    if schedule or validity or replaces or default or priority > _MOST_PRIORITY or not size or to + 11 + size != end:
        return None
    if esm_class & c.ESM_TYPE_MASK not in _ESM_TYPES:
        return None
    return Submitted(
        Command.SUBMIT_SM,
        (frame[service + 1], frame[service + 2], frame[service + 3 : source].decode("latin-1")),
        [(frame[source + 1], frame[source + 2], frame[source + 3 : to].decode("latin-1"))],
        frame[to + 11 :],
        coding,
        bool(esm_class & c.ESM_UDH),
        protocol_id,
        registered & 0x03,
    )


def _read_multi(frame: bytes) -> Submitted:
    pdu = Pdu(Command.SUBMIT_MULTI, 0)
    position = smpp.decode_fields(smpp.MULTI_HEAD, frame, pdu.fields)
    destinations: list[Address] = []
    lists: list[str] = []
    try:
        count = frame[position]
        position += 1
        for _ in range(count):
            flag = frame[position]
            position += 1
            if flag == _IS_ADDRESS:
                ton, npi = frame[position], frame[position + 1]
                address, position = _c_string(frame, position + 2, 21)
                destinations.append((ton, npi, address))
            elif flag == _IS_LIST:
                name, position = _c_string(frame, position, 21)
                lists.append(name)
            else:
                raise PduError("dest_flag: neither an address nor a list", status=Status.INVALID_DESTINATION)
    except IndexError:
        raise PduError("destinations: cut short", status=Status.INVALID_NUMBER_OF_DESTINATIONS) from None
    if not 1 <= count <= MOST_DESTINATIONS:
        raise PduError("number_of_dests", status=Status.INVALID_NUMBER_OF_DESTINATIONS)
    position = smpp.decode_fields(smpp.MULTI_TAIL, frame, pdu.fields, position)
    pdu.tlvs = smpp.decode_tlvs(frame, position)
    return _submitted(pdu, destinations, tuple(lists))


def _c_string(frame: bytes, position: int, size: int) -> tuple[str, int]:
    stop = frame.find(0, position, position + size)
    if stop < 0:
        raise PduError(f"destination: no NUL within {size} octets", status=Status.INVALID_DESTINATION)
    return frame[position:stop].decode("latin-1"), stop + 1


def _submitted(pdu: Pdu, destinations: list[Address], lists: tuple[str, ...]) -> Submitted:
    fields, tlvs = pdu.fields, pdu.tlvs
    _ensure_flags(fields)
    for tag, size in _SIZES.items():
        if tag in tlvs and len(tlvs[tag]) != size:
            raise PduError(f"optional parameter {tag:#x}: {size} octets", status=Status.INVALID_PARAMETER_LENGTH)
    octets = fields.get("short_message", b"")
    assert isinstance(octets, bytes)
    payload = tlvs.get(Tag.MESSAGE_PAYLOAD)
    if payload is not None:
        if octets:
            raise PduError("a short_message and a message_payload", status=Status.INVALID_PARAMETER_VALUE)
        octets = payload
    has_header = bool(_byte(fields, "esm_class") & c.ESM_UDH)
    if segment := _segment(tlvs):
        if has_header:
            raise PduError("a user data header and SAR parameters", status=Status.INVALID_PARAMETER_VALUE)
        octets, has_header = segment + octets, True
    if not octets:
        raise PduError("short_message: empty", status=Status.INVALID_MESSAGE_LENGTH)
    passed = {tag: value for tag, value in tlvs.items() if tag not in _READ}
    if sum(4 + len(value) for value in passed.values()) > MOST_PASSED:
        raise PduError("optional parameters: too long", status=Status.INVALID_PARAMETER_LENGTH)
    lives = tlvs.get(Tag.QOS_TIME_TO_LIVE)
    return Submitted(
        command=pdu.command,
        source=(_byte(fields, "source_addr_ton"), _byte(fields, "source_addr_npi"), _text(fields, "source_addr")),
        destinations=destinations,
        octets=octets,
        data_coding=_byte(fields, "data_coding"),
        has_header=has_header,
        protocol_id=_byte(fields, "protocol_id"),
        registered=_byte(fields, "registered_delivery") & 0x03,
        schedule=_text(fields, "schedule_delivery_time"),
        validity=_text(fields, "validity_period"),
        lives=int.from_bytes(lives, "big") if lives else None,
        lists=lists,
        parameters=passed,
    )


def _ensure_flags(fields: Mapping[str, smpp.Value]) -> None:
    if _byte(fields, "esm_class") & c.ESM_TYPE_MASK not in _ESM_TYPES:
        raise PduError("esm_class: a type that is an SMSC's", status=Status.INVALID_ESM_CLASS)
    if _byte(fields, "priority_flag") > _MOST_PRIORITY:
        raise PduError("priority_flag", status=Status.INVALID_PRIORITY)
    if _byte(fields, "replace_if_present_flag"):
        raise PduError("replace_if_present_flag: not done here", status=Status.INVALID_REPLACE_FLAG)
    if _byte(fields, "sm_default_msg_id"):
        raise PduError("sm_default_msg_id: there are none", status=Status.INVALID_DEFAULT_MESSAGE)


def _segment(tlvs: Mapping[int, bytes]) -> bytes:
    """SAR parameters (section 5.3.2.22 to 24) as the user data header of that part; none where there are none."""
    if not any(tag in tlvs for tag in _SAR):
        return b""
    if not all(tag in tlvs for tag in _SAR):
        raise PduError("SAR parameters: not all three", status=Status.INVALID_PARAMETER_VALUE)
    reference, (total,), (number,) = (tlvs[tag] for tag in _SAR)
    if not 1 <= number <= total:
        raise PduError("SAR parameters: no such part", status=Status.INVALID_PARAMETER_VALUE)
    return bytes((5, 0, 3, reference[1], total, number)) if total > 1 else b""


def _byte(fields: Mapping[str, smpp.Value], name: str) -> int:
    return int(fields.get(name, 0))


def _text(fields: Mapping[str, smpp.Value], name: str) -> str:
    return str(fields.get(name, ""))


def multi_response(sequence: int, message_id: str, failed: list[tuple[Address, int]]) -> bytes:
    """A submit_multi_resp (section 4.5.2): who got nothing, and why."""
    unsuccessful = b"".join(
        bytes((ton, npi)) + address.encode("latin-1", "replace") + b"\0" + int(status).to_bytes(4, "big")
        for (ton, npi, address), status in failed
    )
    body = message_id.encode("ascii") + b"\0" + bytes((len(failed),)) + unsuccessful
    return smpp.pack_header(c.HEADER_SIZE + len(body), Command.SUBMIT_MULTI_RESP, 0, sequence) + body
