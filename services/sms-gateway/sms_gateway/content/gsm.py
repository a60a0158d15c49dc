"""The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038 sections 6.2.1 and 6.2.1.1).

Over SMPP each septet travels in an octet of its own; the carrier packs them.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Mapping

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
ESCAPE = 0x1B

# U+FFFE marks a byte that no character encodes to; the escape itself is not a character.
_BASIC_MAP = codecs.charmap_build(BASIC.replace("\x1b", "\ufffe") + "\ufffe" * 128)
_FULL_MAP: dict[int, int | bytes] = {
    **{ord(character): code for code, character in enumerate(BASIC) if code != ESCAPE},
    **{ord(character): bytes((ESCAPE, code)) for character, code in EXTENSION.items()},
}
_DECODE = BASIC + "\ufffd" * 128
_EXTENSION_DECODE = {code: character for character, code in EXTENSION.items()}

_POLISH = str.maketrans("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", "acelnoszzACELNOSZZ")
# Word processors put these in; each has a plain spelling in the alphabet. Of other letters with marks Unicode knows it.
_TYPOGRAPHY = str.maketrans({
    **dict.fromkeys("„”“‟″«»", '"'), **dict.fromkeys("’‘‚‛′´`", "'"), **dict.fromkeys("–—‐‑‒―−", "-"),
    **dict.fromkeys("•‣▪·", "-"), "…": "...", "⁄": "/", "×": "x", "đ": "d", "Đ": "D", "ı": "i", "œ": "oe", "Œ": "OE",
    **dict.fromkeys("\u00ad\u200b\u2060\ufeff", ""),  # which nobody sees
})  # fmt: skip
_MOST_SPELLED = 10_000


class _Spellings(dict[int, int | str]):
    """The plain spelling of each character that came so far; of what has none, itself."""

    def __missing__(self, code: int) -> int | str:
        spelling = _spelled(chr(code))
        if len(self) < _MOST_SPELLED:
            self[code] = spelling
        return spelling


def _spelled(character: str) -> int | str:
    code = ord(character)
    if code in _FULL_MAP:
        return code
    for table in (_POLISH, _TYPOGRAPHY):
        if code in table:
            return table[code]
    if unicodedata.category(character) == "Mn" and code < 0x370:
        return ""  # a mark of its own behind its letter
    decomposed = unicodedata.normalize("NFKD", character).translate(_TYPOGRAPHY)
    plain = "".join(piece for piece in decomposed if not unicodedata.combining(piece))
    return plain if plain and all(ord(piece) in _FULL_MAP for piece in plain) else code


_SPELLINGS = _Spellings()


def encode(text: str) -> bytes | None:
    """One octet a septet, escapes included; None where a character is not in the alphabet."""
    try:
        return codecs.charmap_encode(text, "strict", _BASIC_MAP)[0]
    except UnicodeEncodeError:
        pass
    try:
        return codecs.charmap_encode(text, "strict", _FULL_MAP)[0]  # type: ignore[arg-type]
    except UnicodeEncodeError:
        return None


def decode(octets: bytes) -> str:
    """Text of unpacked septets; an unknown escape is a space, an octet above 127 is U+FFFD (section 6.2.1.1)."""
    if ESCAPE not in octets:
        return codecs.charmap_decode(octets, "strict", _DECODE)[0]
    return decode_with(octets, BASIC, _EXTENSION_DECODE)


def decode_with(octets: bytes, basic: str, extension: Mapping[int, str]) -> str:
    """`decode` by tables that stand in the place of the two."""
    characters = []
    escaped = False
    for octet in octets:
        if escaped:
            characters.append(extension.get(octet, " "))
            escaped = False
        elif octet == ESCAPE:
            escaped = True
        else:
            characters.append(basic[octet] if octet < 128 else "\ufffd")
    return "".join(characters)


def offending_characters(text: str) -> list[str]:
    """The characters that are not in the alphabet, each once, in order of appearance."""
    return list(dict.fromkeys(character for character in text if ord(character) not in _FULL_MAP))


def replace_diacritics(text: str) -> str:
    """Letters with marks and typographic signs in their plain spelling, so that the text fits the GSM alphabet.

    What is in the alphabet stays (`é`, `ü`), and so does what has no plain spelling.
    """
    return text.translate(_SPELLINGS)
