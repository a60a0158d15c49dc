"""A text as the parts that travel: alphabet, count, and the three ways to mark a long message.

Sizes are 3GPP TS 23.040's: 140 octets a part, that is 160 septets or 70 UCS-2 characters; a concatenated part gives
6 octets to its header (7 septets with the fill bits), which leaves 153 septets or 67 characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sms_gateway.content import gsm, national
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
_OCTETS_A_PART, _CONCATENATION = 140, 5
CODINGS = {Encoding.GSM: CODING_DEFAULT, Encoding.UCS2: CODING_UCS2}


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text as it travels: the bodies of its parts, and what the user data header of each says besides."""

    encoding: Encoding
    bodies: tuple[bytes, ...]
    header: bytes = b""


@dataclass(frozen=True, slots=True)
class Counted:
    """What a text costs: `characters` are those a person counts, `units` septets or UTF-16 code units.

    :ivar national_language: whose tables it is written with. :ivar offending: characters that force UCS-2.
    """

    encoding: Encoding
    characters: int
    units: int
    parts: int
    offending: list[str]
    national_language: str | None = None


class TooLong(ValueError):
    """More than `MAX_PARTS` parts."""


def encode(text: str) -> tuple[Encoding, bytes]:
    """GSM where every character fits, else UCS-2 (UTF-16, so that emoji travel as surrogate pairs)."""
    octets = gsm.encode(text)
    if octets is not None:
        return Encoding.GSM, octets
    return Encoding.UCS2, text.encode("utf-16-be", "replace")


def by_tables(text: str, language: str) -> Encoded | None:
    """By the tables of a language that take the fewest parts; None where a character is in none of them.

    It takes at most as many as UCS-2. Of several ways the first of `national.shifts`.
    """
    found = [
        Encoded(Encoding.GSM, tuple(_cut(Encoding.GSM, octets, _sizes(shift.header))), shift.header)
        for shift in national.shifts(language)
        if (octets := national.encode(text, shift)) is not None
    ]
    return min(found, key=lambda one: len(one.bodies), default=None)


def encoded(text: str, language: str | None = None) -> Encoded:
    """The alphabet that takes it, in the parts that it travels in.

    :param language: whose tables may be used, where the default alphabet does not do.
    :raises TooLong: over 255 parts.
    """
    encoding, octets = encode(text)
    if language is not None and encoding is Encoding.UCS2 and (found := by_tables(text, language)) is not None:
        _ensure_few(found.bodies)
        return found
    return Encoded(encoding, tuple(split(encoding, octets)))


def split(encoding: Encoding, octets: bytes) -> Sequence[bytes]:
    """Bodies of the parts. Neither an escape pair nor a surrogate pair is ever torn.

    :raises TooLong: over 255 parts.
    """
    bodies = _cut(encoding, octets, SIZES[encoding])
    _ensure_few(bodies)
    return bodies


def _ensure_few(bodies: Sequence[bytes]) -> None:
    if len(bodies) > MAX_PARTS:
        raise TooLong(f"{len(bodies)} parts, at most {MAX_PARTS}")


def _sizes(header: bytes) -> Sizes:
    """In septets, behind elements of a header, which fills whole septets."""
    room = _OCTETS_A_PART - 1 - len(header)
    return Sizes(room * 8 // 7, (room - _CONCATENATION) * 8 // 7)


def _cut(encoding: Encoding, octets: bytes, sizes: Sizes) -> Sequence[bytes]:
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
    return bodies


def _tears(encoding: Encoding, octets: bytes, stop: int) -> bool:
    if encoding is Encoding.GSM:
        return octets[stop - 1] == gsm.ESCAPE
    return 0xD8 <= octets[stop - 2] <= 0xDB  # a high surrogate would be left alone


def count(text: str, language: str | None = None) -> Counted:
    """Count a text as it would travel.

    :param language: whose tables may be used.
    :raises TooLong: over 255 parts.
    """
    found = encoded(text, language)
    octets = sum(map(len, found.bodies))
    units = octets if found.encoding is Encoding.GSM else octets // 2
    used = language if found.header else None
    return Counted(found.encoding, len(text), units, len(found.bodies), offending(text, language), used)


def offending(text: str, language: str | None = None) -> list[str]:
    """The characters that force UCS-2, each once, in order of appearance."""
    found = gsm.offending_characters(text)
    if not found or language is None:
        return found
    if by_tables(text, language) is not None:
        return []
    return [character for character in found if character not in national.characters(language)] or found


def concatenation_header(reference: int, total: int, number: int, others: bytes = b"") -> bytes:
    """User data header for part `number` of `total`, 8-bit reference (3GPP TS 23.040 section 9.2.3.24.1).

    :param others: its other elements.
    """
    return bytes((0x05 + len(others), 0x00, 0x03, reference & 0xFF, total, number)) + others
