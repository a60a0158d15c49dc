"""SMPP 3.4 PDUs to bytes and back.

The layout of each body is a table (section 4 of the specification): mandatory fields in order, then optional
parameters. `decode` is strict: whatever the bytes are, the outcome is a `Pdu` or a `PduError` that says what is wrong.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from sms_gateway.smpp.constants import HEADER_SIZE, MAX_PDU, RESPONSE, Command, Status

HEADER = struct.Struct(">IIII")
_TLV = struct.Struct(">HH")
pack_header = HEADER.pack
unpack_header = HEADER.unpack_from

TEXT = "text"  # C-octet string, NUL-terminated; the size counts the NUL
BYTE = "byte"
OCTETS = "octets"  # one length byte, then so many octets

_ADDRESS_21 = 21
_MESSAGE = (
    ("service_type", TEXT, 6),
    ("source_addr_ton", BYTE, 1),
    ("source_addr_npi", BYTE, 1),
    ("source_addr", TEXT, _ADDRESS_21),
    ("dest_addr_ton", BYTE, 1),
    ("dest_addr_npi", BYTE, 1),
    ("destination_addr", TEXT, _ADDRESS_21),
    ("esm_class", BYTE, 1),
    ("protocol_id", BYTE, 1),
    ("priority_flag", BYTE, 1),
    ("schedule_delivery_time", TEXT, 17),
    ("validity_period", TEXT, 17),
    ("registered_delivery", BYTE, 1),
    ("replace_if_present_flag", BYTE, 1),
    ("data_coding", BYTE, 1),
    ("sm_default_msg_id", BYTE, 1),
    ("short_message", OCTETS, 254),
)
_BIND = (
    ("system_id", TEXT, 16),
    ("password", TEXT, 9),
    ("system_type", TEXT, 13),
    ("interface_version", BYTE, 1),
    ("addr_ton", BYTE, 1),
    ("addr_npi", BYTE, 1),
    ("address_range", TEXT, 41),
)
_SYSTEM_ID = (("system_id", TEXT, 16),)
_MESSAGE_ID = (("message_id", TEXT, 65),)
_DATA = (
    ("service_type", TEXT, 6),
    ("source_addr_ton", BYTE, 1),
    ("source_addr_npi", BYTE, 1),
    ("source_addr", TEXT, 65),
    ("dest_addr_ton", BYTE, 1),
    ("dest_addr_npi", BYTE, 1),
    ("destination_addr", TEXT, 65),
    ("esm_class", BYTE, 1),
    ("registered_delivery", BYTE, 1),
    ("data_coding", BYTE, 1),
)
_SOURCE = (("source_addr_ton", BYTE, 1), ("source_addr_npi", BYTE, 1), ("source_addr", TEXT, _ADDRESS_21))
_DESTINATION = (("dest_addr_ton", BYTE, 1), ("dest_addr_npi", BYTE, 1), ("destination_addr", TEXT, _ADDRESS_21))

Layout = tuple[tuple[str, str, int], ...]

# A submit_multi: these around its destinations (section 4.5.1), which `smpp.requests` reads.
MULTI_HEAD: Layout = _MESSAGE[:4]
MULTI_TAIL: Layout = _MESSAGE[7:]
# What a field that cannot be read is answered with.
_STATUS_OF = {
    "service_type": Status.INVALID_SERVICE_TYPE,
    "source_addr": Status.INVALID_SOURCE,
    "destination_addr": Status.INVALID_DESTINATION,
    "schedule_delivery_time": Status.INVALID_SCHEDULE,
    "validity_period": Status.INVALID_EXPIRY,
    "message_id": Status.INVALID_MESSAGE_ID,
    "system_id": Status.INVALID_SYSTEM_ID,
    "password": Status.INVALID_PASSWORD,
}

BODIES: dict[int, Layout] = {
    Command.GENERIC_NACK: (),
    Command.BIND_RECEIVER: _BIND,
    Command.BIND_RECEIVER_RESP: _SYSTEM_ID,
    Command.BIND_TRANSMITTER: _BIND,
    Command.BIND_TRANSMITTER_RESP: _SYSTEM_ID,
    Command.BIND_TRANSCEIVER: _BIND,
    Command.BIND_TRANSCEIVER_RESP: _SYSTEM_ID,
    Command.OUTBIND: (("system_id", TEXT, 16), ("password", TEXT, 9)),
    Command.UNBIND: (),
    Command.UNBIND_RESP: (),
    Command.SUBMIT_SM: _MESSAGE,
    Command.SUBMIT_SM_RESP: _MESSAGE_ID,
    Command.DELIVER_SM: _MESSAGE,
    Command.DELIVER_SM_RESP: _MESSAGE_ID,
    Command.DATA_SM: _DATA,
    Command.DATA_SM_RESP: _MESSAGE_ID,
    Command.QUERY_SM: (*_MESSAGE_ID, *_SOURCE),
    Command.QUERY_SM_RESP: (
        *_MESSAGE_ID,
        ("final_date", TEXT, 17),
        ("message_state", BYTE, 1),
        ("error_code", BYTE, 1),
    ),
    Command.CANCEL_SM: (("service_type", TEXT, 6), *_MESSAGE_ID, *_SOURCE, *_DESTINATION),
    Command.CANCEL_SM_RESP: (),
    Command.REPLACE_SM: (
        *_MESSAGE_ID,
        *_SOURCE,
        ("schedule_delivery_time", TEXT, 17),
        ("validity_period", TEXT, 17),
        ("registered_delivery", BYTE, 1),
        ("sm_default_msg_id", BYTE, 1),
        ("short_message", OCTETS, 254),
    ),
    Command.REPLACE_SM_RESP: (),
    Command.ENQUIRE_LINK: (),
    Command.ENQUIRE_LINK_RESP: (),
    Command.ALERT_NOTIFICATION: (
        ("source_addr_ton", BYTE, 1),
        ("source_addr_npi", BYTE, 1),
        ("source_addr", TEXT, 65),
        ("esme_addr_ton", BYTE, 1),
        ("esme_addr_npi", BYTE, 1),
        ("esme_addr", TEXT, 65),
    ),
}


class PduError(ValueError):
    """Bytes that are no valid PDU. `status` is what to answer; `fatal` means that framing itself is lost."""

    def __init__(self, reason: str, *, status: int = Status.INVALID_MESSAGE_LENGTH, fatal: bool = False) -> None:
        super().__init__(reason)
        self.status = int(status)
        self.fatal = fatal


Value = str | int | bytes


@dataclass(slots=True)
class Pdu:
    """One PDU: mandatory fields by name (str, int or bytes by the body's table) and raw optional parameters by tag."""

    command: int
    sequence: int
    status: int = 0
    fields: dict[str, Value] = field(default_factory=dict)
    tlvs: dict[int, bytes] = field(default_factory=dict)


def encode(pdu: Pdu) -> bytes:
    """Bytes of a PDU; fields that are left out are empty or zero.

    :raises PduError: a value that does not fit its field, or a field that the body does not have.
    """
    layout = BODIES.get(pdu.command)
    if layout is None:
        raise PduError(f"command {pdu.command:#x} is not known", status=Status.INVALID_COMMAND_ID)
    unknown = pdu.fields.keys() - {name for name, _, _ in layout}
    if unknown:
        raise PduError(f"no such field: {', '.join(sorted(unknown))}")
    failed_response = pdu.command & RESPONSE and pdu.status and not pdu.fields and not pdu.tlvs
    body = b"" if failed_response else _encode_body(layout, pdu.fields) + encode_tlvs(pdu.tlvs)
    return pack_header(HEADER_SIZE + len(body), pdu.command, pdu.status, pdu.sequence) + body


def _encode_body(layout: Layout, values: Mapping[str, Value]) -> bytes:
    pieces = []
    for name, kind, size in layout:
        value = values.get(name)
        if kind == BYTE:
            number = int(value or 0)
            if not 0 <= number <= 255:
                raise PduError(f"{name}: {number} does not fit a byte")
            pieces.append(bytes((number,)))
        elif kind == TEXT:
            pieces.append(c_string(name, value or "", size))
        else:
            octets = value if isinstance(value, bytes) else b""
            if len(octets) > size:
                raise PduError(f"{name}: {len(octets)} octets, at most {size}")
            pieces.append(bytes((len(octets),)) + octets)
    return b"".join(pieces)


def c_string(name: str, value: Value, size: int) -> bytes:
    """NUL-terminated string of at most `size` bytes with its NUL."""
    raw = value if isinstance(value, bytes) else str(value).encode("latin-1", "replace")
    if len(raw) >= size or b"\0" in raw:
        raise PduError(f"{name}: at most {size - 1} characters, and no NUL")
    return raw + b"\0"


def encode_tlvs(tlvs: Mapping[int, bytes]) -> bytes:
    """Optional parameters, in the order given."""
    if not tlvs:
        return b""
    for tag, value in tlvs.items():
        if len(value) > 0xFFFF:
            raise PduError(f"optional parameter {tag:#x}: longer than 65,535 octets")
    return b"".join(_TLV.pack(tag, len(value)) + value for tag, value in tlvs.items())


def decode(frame: bytes) -> Pdu:
    """One whole frame (its length field included) to a `Pdu`.

    :raises PduError: an unknown command, a field that runs over the end or over its size, a broken optional parameter.
    """
    if len(frame) < HEADER_SIZE:
        raise PduError("shorter than a header", status=Status.INVALID_COMMAND_LENGTH, fatal=True)
    length, command, status, sequence = unpack_header(frame)
    if length != len(frame):
        raise PduError(f"length says {length}, got {len(frame)}", status=Status.INVALID_COMMAND_LENGTH, fatal=True)
    layout = BODIES.get(command)
    if layout is None:
        raise PduError(f"command {command:#x} is not known", status=Status.INVALID_COMMAND_ID)
    pdu = Pdu(command, sequence, status)
    # A response that reports an error may come without a body (sections 4.4.2 and 4.1.2); of a request the status says
    # nothing (section 3.2).
    if length == HEADER_SIZE and (not layout or command & RESPONSE):
        return pdu
    position = decode_fields(layout, frame, pdu.fields)
    pdu.tlvs = decode_tlvs(frame, position)
    return pdu


def decode_fields(layout: Layout, frame: bytes, into: dict[str, Value], position: int = HEADER_SIZE) -> int:
    """Read the fields of `layout` from `position` on; returns where they end. :raises PduError: as `decode`."""
    end = len(frame)
    for name, kind, size in layout:
        if position >= end:
            raise PduError(f"{name}: missing")
        if kind == BYTE:
            into[name] = frame[position]
            position += 1
        elif kind == TEXT:
            stop = frame.find(0, position, position + size)
            if stop < 0:
                status = _STATUS_OF.get(name, Status.INVALID_MESSAGE_LENGTH)
                raise PduError(f"{name}: no NUL within {size} octets", status=status)
            into[name] = frame[position:stop].decode("latin-1")
            position = stop + 1
        else:
            stop = position + 1 + frame[position]
            if stop > end:
                raise PduError(f"{name}: runs over the end")
            into[name] = frame[position + 1 : stop]
            position = stop
    return position


def decode_tlvs(frame: bytes, position: int) -> dict[int, bytes]:
    """Optional parameters from `position` to the end; the last of a repeated tag wins."""
    tlvs = {}
    end = len(frame)
    while position < end:
        if end - position < 4:
            raise PduError("optional parameter: cut short", status=Status.INVALID_PARAMETER_STREAM)
        tag, size = _TLV.unpack_from(frame, position)
        position += 4 + size
        if position > end:
            status = Status.INVALID_PARAMETER_STREAM
            raise PduError(f"optional parameter {tag:#x}: runs over the end", status=status)
        tlvs[tag] = frame[position - size : position]
    return tlvs


def split_frames(buffer: bytes) -> tuple[list[bytes], bytes]:
    """Whole frames at the start of `buffer`, and the rest.

    :raises PduError: (fatal) a length below a header or above `MAX_PDU`: the stream cannot be read on.
    """
    frames = []
    position, end = 0, len(buffer)
    while end - position >= 4:
        length = int.from_bytes(buffer[position : position + 4], "big")
        if not HEADER_SIZE <= length <= MAX_PDU:
            raise PduError(f"a PDU of {length} octets", status=Status.INVALID_COMMAND_LENGTH, fatal=True)
        if position + length > end:
            break
        frames.append(buffer[position : position + length])
        position += length
    return frames, buffer[position:]
