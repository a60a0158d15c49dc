"""A text as the parts that travel: alphabet, count, and the three ways to mark a long message.

Sizes are 3GPP TS 23.040's: 140 octets a part, that is 160 septets or 70 UCS-2 characters; a concatenated part gives
6 octets to its header (7 septets with the fill bits), which leaves 153 septets or 67 characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sms_gateway.content import gsm
from sms_gateway.smpp.constants import CODING_DEFAULT, CODING_UCS2

MAX_PARTS = 255  # the header counts in one octet


class Encoding(StrEnum):
    GSM = "gsm"
    UCS2 = "ucs2"


class LongForm(StrEnum):
    """How a carrier wants a long message: user data header, SAR parameters, or one message_payload; one that is reached
    by HTTP cuts it by itself."""

    UDH = "udh"
    SAR = "sar"
    PAYLOAD = "payload"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Sizes:
    single: int
    concatenated: int


# In octets of an SMPP short message.
SIZES = {Encoding.GSM: Sizes(160, 153), Encoding.UCS2: Sizes(140, 134)}
CODINGS = {Encoding.GSM: CODING_DEFAULT, Encoding.UCS2: CODING_UCS2}


@dataclass(frozen=True, slots=True)
class Counted:
    """What a text costs: `characters` are those a person counts, `units` septets or UTF-16 code units."""

    encoding: Encoding
    characters: int
    units: int
    parts: int
    offending: list[str]


class TooLong(ValueError):
    """More than `MAX_PARTS` parts."""


def encode(text: str) -> tuple[Encoding, bytes]:
    """GSM where every character fits, else UCS-2 (UTF-16, so that emoji travel as surrogate pairs)."""
    octets = gsm.encode(text)
    if octets is not None:
        return Encoding.GSM, octets
    return Encoding.UCS2, text.encode("utf-16-be", "replace")


def split(encoding: Encoding, octets: bytes) -> Sequence[bytes]:
    """Bodies of the parts. Neither an escape pair nor a surrogate pair is ever torn.

    :raises TooLong: over 255 parts.
    """
    sizes = SIZES[encoding]
    if len(octets) <= sizes.single:
        return (octets,)
    bodies = []
    position, end = 0, len(octets)
    while position < end:
        stop = min(position + sizes.concatenated, end)
        if stop < end and _tears(encoding, octets, stop):
            stop -= 1 if encoding is Encoding.GSM else 2
        bodies.append(octets[position:stop])
        position = stop
    if len(bodies) > MAX_PARTS:
        raise TooLong(f"{len(bodies)} parts, at most {MAX_PARTS}")
    return bodies


def _tears(encoding: Encoding, octets: bytes, stop: int) -> bool:
    if encoding is Encoding.GSM:
        return octets[stop - 1] == gsm.ESCAPE
    return 0xD8 <= octets[stop - 2] <= 0xDB  # a high surrogate would be left alone


def count(text: str) -> Counted:
    """Count a text as it would travel.

    :raises TooLong: over 255 parts.
    """
    encoding, octets = encode(text)
    units = len(octets) if encoding is Encoding.GSM else len(octets) // 2
    return Counted(encoding, len(text), units, len(split(encoding, octets)), gsm.offending_characters(text))


def concatenation_header(reference: int, total: int, number: int) -> bytes:
    """User data header for part `number` of `total`, 8-bit reference (3GPP TS 23.040 section 9.2.3.24.1)."""
    return bytes((0x05, 0x00, 0x03, reference & 0xFF, total, number))
