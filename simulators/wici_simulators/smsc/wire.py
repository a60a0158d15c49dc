"""The few PDUs that a carrier reads and writes."""

from __future__ import annotations

import struct
import time
from typing import NamedTuple

HEADER = struct.Struct(">IIII")
BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER = 0x01, 0x02, 0x09
SUBMIT_SM, DELIVER_SM, DATA_SM, QUERY_SM = 0x04, 0x05, 0x103, 0x03
ENQUIRE_LINK, UNBIND, GENERIC_NACK = 0x15, 0x06, 0x80000000
RESPONSE = 0x80000000
MAX_PDU = 128 * 1024

BAD_LENGTH, BAD_COMMAND_LENGTH, BAD_COMMAND, BAD_BIND_STATUS, ALREADY_BOUND = 0x01, 0x02, 0x03, 0x04, 0x05
INVALID_DESTINATION, INVALID_PASSWORD, THROTTLED = 0x0B, 0x0E, 0x58


class Malformed(ValueError):
    """A body that runs over its end."""


class Submit(NamedTuple):
    """The parts of a submit_sm that matter to a carrier; addresses and message as raw bytes."""

    source_ton: int
    source: bytes
    destination: bytes
    esm_class: int
    registered: int
    coding: int
    body: bytes
    tlvs: dict[int, bytes]


def read_submit(frame: bytes) -> Submit:
    """A whole submit_sm. `Malformed` where it is cut short."""
    try:
        position = frame.index(0, 16) + 1
        source_ton = frame[position]
        stop = frame.index(0, position + 2)
        source = frame[position + 2 : stop]
        position = stop + 3
        stop = frame.index(0, position)
        destination = frame[position:stop]
        esm_class = frame[stop + 1]
        position = frame.index(0, frame.index(0, stop + 4) + 1) + 1
        registered, coding, size = frame[position], frame[position + 2], frame[position + 4]
    except (ValueError, IndexError):
        raise Malformed("submit_sm: cut short") from None
    position += 5
    body = frame[position : position + size]
    if len(body) != size:
        raise Malformed("short_message: cut short")
    return Submit(
        source_ton, source, destination, esm_class, registered, coding, body, read_tlvs(frame, position + size)
    )


def read_tlvs(frame: bytes, position: int) -> dict[int, bytes]:
    tlvs = {}
    while position < len(frame):
        size = int.from_bytes(frame[position + 2 : position + 4], "big")
        value = frame[position + 4 : position + 4 + size]
        if position + 4 > len(frame) or len(value) != size:
            raise Malformed("optional parameter: cut short")
        tlvs[int.from_bytes(frame[position : position + 2], "big")] = value
        position += 4 + size
    return tlvs


def read_destination(frame: bytes) -> tuple[bytes, bytes, int]:
    """Source, destination and registered_delivery alone: all that an answer and a receipt need."""
    try:
        position = frame.index(0, 16) + 3
        stop = frame.index(0, position)
        source = frame[position:stop]
        position = stop + 3
        stop = frame.index(0, position)
        destination = frame[position:stop]
        position = frame.index(0, frame.index(0, stop + 4) + 1) + 1
        if position + 5 + frame[position + 4] > len(frame):
            raise Malformed("short_message: cut short")
        return source, destination, frame[position]
    except (ValueError, IndexError):
        raise Malformed("submit_sm: cut short") from None


def read_bind(frame: bytes) -> tuple[str, str]:
    """System id and password."""
    pieces = frame[16:].split(b"\0", 2)
    if len(pieces) < 3 or len(pieces[0]) > 15 or len(pieces[1]) > 8:
        raise Malformed("bind: system_id or password cut short or too long")
    return pieces[0].decode("latin-1"), pieces[1].decode("latin-1")


def response(command: int, sequence: int, status: int = 0, body: bytes = b"") -> bytes:
    return HEADER.pack(16 + len(body), command | RESPONSE, status, sequence) + body


class ReceiptWriter:
    """Builds receipts; the dates change once a minute and are kept."""

    def __init__(self) -> None:
        self._minute = 0
        self._middle = b""

    def _dates(self) -> bytes:
        minute = int(time.time()) // 60
        if minute != self._minute:
            stamp = time.strftime("%y%m%d%H%M").encode()
            self._minute = minute
            self._middle = b" sub:001 dlvrd:001 submit date:" + stamp + b" done date:" + stamp + b" stat:"
        return self._middle

    def text_form(self, sequence: int, phone: bytes, sender: bytes, message_id: bytes, word: bytes, code: int) -> bytes:
        """deliver_sm with the text of SMPP 3.4 appendix B."""
        text = b"id:" + message_id + self._dates() + word + b" err:%03d text:" % code
        rest = b"\x04\0\0\0\0\0\0\0\0" + bytes((len(text),)) + text
        return self._deliver(sequence, phone, sender, rest)

    def parameter_form(
        self, sequence: int, phone: bytes, sender: bytes, message_id: bytes, state: int, code: int
    ) -> bytes:
        """deliver_sm with receipted_message_id, message_state and network_error_code, and no text."""
        identifier = message_id + b"\0"
        rest = (
            b"\x04\0\0\0\0\0\0\0\0\0\x00\x1e" + len(identifier).to_bytes(2, "big") + identifier
            + b"\x04\x27\x00\x01" + bytes((state,)) + b"\x04\x23\x00\x03\x03" + code.to_bytes(2, "big")
        )  # fmt: skip
        return self._deliver(sequence, phone, sender, rest)

    def from_phone(self, sequence: int, phone: bytes, number: bytes, octets: bytes) -> bytes:
        """deliver_sm with what a phone wrote, in UCS-2."""
        return self._deliver(sequence, phone, number, b"\0\0\0\0\0\0\0\x08\0" + bytes((len(octets),)) + octets)

    @staticmethod
    def _deliver(sequence: int, phone: bytes, sender: bytes, rest: bytes) -> bytes:
        body = b"\0\x01\x01" + phone + b"\0\x05\0" + sender + b"\0" + rest
        return HEADER.pack(16 + len(body), DELIVER_SM, 0, sequence) + body
