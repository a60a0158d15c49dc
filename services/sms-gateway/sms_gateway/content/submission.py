"""A message as the bodies of its submit_sm PDUs."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from sms_gateway.content import octets as octets_of
from sms_gateway.content.parts import CODINGS, Encoded, Encoding, LongForm, concatenation_header
from sms_gateway.domain.senders import SHORT_CODE_MAX
from sms_gateway.smpp import constants as c

_TLV = struct.Struct(">HH")
# What a carrier is given beside: its value, or None for what the content has of it (a partner's).
Parameters = tuple[tuple[int, bytes | None], ...]
_CODES = {encoding: bytes((code,)) for encoding, code in CODINGS.items()}
_FLASH_CODES = {encoding: bytes((code | c.CODING_FLASH,)) for encoding, code in CODINGS.items()}


class Envelope:
    """All of a submit_sm that one content and carrier share; `bodies` adds what is the recipient's."""

    def __init__(
        self, sender: str, content: Mapping[str, Any], long_form: LongForm, parameters: Parameters = ()
    ) -> None:
        self._long_form = long_form
        self._tail = _tail(parameters, octets_of.parameters_of(content)) if parameters else b""
        self._head = b"\0" + _source(sender) + bytes((c.TON_INTERNATIONAL, c.NPI_ISDN))
        validity = content.get("validity_minutes")
        protocol = bytes((content.get("protocol_id") or 0,))
        # protocol_id, priority_flag, schedule_delivery_time, validity_period, registered_delivery, replace_if_present
        self._middle = protocol + b"\0\0" + (relative_time(validity) if validity else b"") + b"\0\x01\0"
        self._codes = _codes(content)
        kind = bytes((c.ESM_UDH if content.get("has_header") else 0,))
        self._plain_middles = {
            encoding: b"\0" + kind + self._middle + code + b"\0" for encoding, code in self._codes.items()
        }

    def bodies(self, address: str, encoded: Encoded, reference: int) -> list[bytes]:
        """One body for each submit_sm. `address` is E.164; `reference` joins the parts at the phone."""
        bodies = self._bare(address, encoded, reference)
        return [body + self._tail for body in bodies] if self._tail else bodies

    def _bare(self, address: str, encoded: Encoded, reference: int) -> list[bytes]:
        head = self._head + address[1:].encode("ascii")
        if encoded.header:
            return self._by_header(head, encoded, reference)
        if len(encoded.bodies) == 1:
            octets = encoded.bodies[0]
            return [head + self._plain_middles[encoded.encoding] + bytes((len(octets),)) + octets]
        if self._long_form is LongForm.PAYLOAD:
            return [self._payload(head, encoded)]
        if self._long_form is LongForm.SAR:
            total, numbered = len(encoded.bodies), enumerate(encoded.bodies, 1)
            return [self._sar(head, encoded.encoding, octets, reference, total, number) for number, octets in numbered]
        return self._by_header(head, encoded, reference)

    def _by_header(self, head: bytes, encoded: Encoded, reference: int) -> list[bytes]:
        """The way of all that has a header anyway, however its carrier wants long messages."""
        middle = b"\0\x40" + self._middle + self._codes[encoded.encoding] + b"\0"
        if len(encoded.bodies) == 1:
            body = bytes((len(encoded.header),)) + encoded.header + encoded.bodies[0]
            return [head + middle + bytes((len(body),)) + body]
        total, size, bodies = len(encoded.bodies), 6 + len(encoded.header), []
        for number, octets in enumerate(encoded.bodies, 1):
            header = concatenation_header(reference, total, number, encoded.header)
            bodies.append(head + middle + bytes((size + len(octets),)) + header + octets)
        return bodies

    def _sar(self, head: bytes, encoding: Encoding, octets: bytes, reference: int, total: int, number: int) -> bytes:
        tlvs = (
            _TLV.pack(c.Tag.SAR_MSG_REF_NUM, 2) + (reference & 0xFFFF).to_bytes(2, "big")
            + _TLV.pack(c.Tag.SAR_TOTAL_SEGMENTS, 1) + bytes((total,))
            + _TLV.pack(c.Tag.SAR_SEGMENT_SEQNUM, 1) + bytes((number,))
        )  # fmt: skip
        return head + self._plain_middles[encoding] + bytes((len(octets),)) + octets + tlvs

    def _payload(self, head: bytes, encoded: Encoded) -> bytes:
        octets = b"".join(encoded.bodies)
        return (
            head
            + self._plain_middles[encoded.encoding]
            + b"\0"
            + _TLV.pack(c.Tag.MESSAGE_PAYLOAD, len(octets))
            + octets
        )


def _tail(parameters: Parameters, given: Mapping[int, bytes]) -> bytes:
    values = [(tag, given.get(tag) if fixed is None else fixed) for tag, fixed in parameters]
    return b"".join(_TLV.pack(tag, len(value)) + value for tag, value in values if value is not None)


def _codes(content: Mapping[str, Any]) -> Mapping[Encoding, bytes]:
    """data_coding by alphabet; what came as octets keeps its own."""
    if "octets" in content:
        return dict.fromkeys(Encoding, bytes((content["data_coding"],)))
    return _FLASH_CODES if content.get("flash") else _CODES


def _source(sender: str) -> bytes:
    """Type and numbering plan of the sender (sections 5.2.5 and 5.2.6), and the sender itself."""
    if sender.startswith("+"):
        return bytes((c.TON_INTERNATIONAL, c.NPI_ISDN)) + sender[1:].encode("ascii") + b"\0"
    if sender.isdecimal():
        kind = c.TON_NETWORK if len(sender) <= SHORT_CODE_MAX else c.TON_NATIONAL
        return bytes((kind, c.NPI_ISDN)) + sender.encode("ascii") + b"\0"
    return bytes((c.TON_ALPHANUMERIC, c.NPI_UNKNOWN)) + sender.encode("ascii") + b"\0"


def relative_time(minutes: int) -> bytes:
    """SMPP's relative time, YYMMDDhhmmsstnnR (section 7.1.1.1)."""
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    return b"0000%02d%02d%02d00000R" % (days, hours, minutes)
