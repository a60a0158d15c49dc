"""National language tables (3GPP TS 23.038 section 6.2.1.2 and annex A) of Turkish, Spanish and Portuguese.

A single shift table stands in the place of the extension table, a locking shift table in that of the default alphabet.
Which of them a message is written with stands in its user data header (3GPP TS 23.040 sections 9.2.3.24.15 and 16).
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from sms_gateway.content import gsm, headers

SINGLE_SHIFT, LOCKING_SHIFT = 0x24, 0x25  # elements of the header
LANGUAGES = {"tr": 1, "es": 2, "pt": 3}  # section 6.2.1.2.4

_LOCKING = {
    1: (
        "@£$¥€éùıòÇ\nĞğ\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bŞşßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
        "İABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§çabcdefghijklmnopqrstuvwxyzäöñüà"
    ),
    3: (
        "@£$¥êéúíóç\nÔô\rÁáΔ_ªÇÀ∞^\\€Ó|\x1bÂâÊÉ !\"#º%&'()*+,-./0123456789:;<=>?"
        "ÍABCDEFGHIJKLMNOPQRSTUVWXYZÃÕÚÜ§~abcdefghijklmnopqrstuvwxyzãõ`üà"
    ),
}
_SINGLE = {
    1: gsm.EXTENSION | {"Ğ": 0x47, "İ": 0x49, "Ş": 0x53, "ç": 0x63, "ğ": 0x67, "ı": 0x69, "ş": 0x73},
    2: gsm.EXTENSION
    | {"ç": 0x09, "Á": 0x41, "Í": 0x49, "Ó": 0x4F, "Ú": 0x55, "á": 0x61, "í": 0x69, "ó": 0x6F, "ú": 0x75},
    3: gsm.EXTENSION
    | {"ê": 0x05, "ç": 0x09, "Ô": 0x0B, "ô": 0x0C, "Á": 0x0E, "á": 0x0F, "Φ": 0x12, "Γ": 0x13, "Ω": 0x15, "Π": 0x16}
    | {"Ψ": 0x17, "Σ": 0x18, "Θ": 0x19, "Ê": 0x1F, "À": 0x41, "Í": 0x49, "Ó": 0x4F, "Ú": 0x55, "Ã": 0x5B, "Õ": 0x5C}
    | {"Â": 0x61, "í": 0x69, "ó": 0x6F, "ú": 0x75, "ã": 0x7B, "õ": 0x7C, "â": 0x7F},
}  # fmt: skip


class Shift(NamedTuple):
    """The languages of the two tables; 0 is the default alphabet and its extension."""

    locking: int = 0
    single: int = 0

    @property
    def header(self) -> bytes:
        """Its elements of the user data header."""
        named = (SINGLE_SHIFT, self.single), (LOCKING_SHIFT, self.locking)
        return headers.written(*((identifier, bytes((of,))) for identifier, of in named if of))


DEFAULT = Shift()


def shift_of(header: bytes) -> Shift:
    """What a user data header says; a language that is not here counts as the default."""
    said = {identifier: element[0] for identifier, element in headers.elements(header) if len(element) == 1}
    locking, single = said.get(LOCKING_SHIFT, 0), said.get(SINGLE_SHIFT, 0)
    return Shift(locking if locking in _LOCKING else 0, single if single in _SINGLE else 0)


def shifts(language: str) -> list[Shift]:
    """The ways to write a language. That by single shift first: a phone that does not know it shows the letter without
    its mark."""
    number = LANGUAGES[language]
    if number not in _LOCKING:
        return [Shift(single=number)]
    return [Shift(single=number), Shift(locking=number), Shift(number, number)]


def encode(text: str, shift: Shift) -> bytes | None:
    """One octet a septet, as `gsm.encode`; None where a character is in neither table."""
    try:
        return codecs.charmap_encode(text, "strict", _codes(shift))[0]  # type: ignore[arg-type]
    except UnicodeEncodeError:
        return None


def decode(octets: bytes, shift: Shift = DEFAULT) -> str:
    if shift == DEFAULT:
        return gsm.decode(octets)
    return gsm.decode_with(octets, _basic(shift), _extension(shift))


def characters(language: str) -> frozenset[str]:
    """All that it can be written with."""
    return frozenset(chr(code) for shift in shifts(language) for code in _codes(shift))


def _basic(shift: Shift) -> str:
    return _LOCKING.get(shift.locking, gsm.BASIC)


@cache
def _extension(shift: Shift) -> Mapping[int, str]:
    return {code: character for character, code in _SINGLE.get(shift.single, gsm.EXTENSION).items()}


@cache
def _codes(shift: Shift) -> Mapping[int, int | bytes]:
    escaped = {ord(character): bytes((gsm.ESCAPE, code)) for code, character in _extension(shift).items()}
    plain = {ord(character): code for code, character in enumerate(_basic(shift)) if code != gsm.ESCAPE}
    return {**escaped, **plain}
