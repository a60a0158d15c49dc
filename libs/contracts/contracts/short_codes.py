"""Codes of short links in SMS, `/s/{code}`: a position in one long row of links, and a keyed check of it.

Every link that a recipient can get has a position of its own; sms-gateway hands them out in blocks and tells the
gateway whose a block is (`contracts.lanes.ShortLinkBlock`), so that no row is kept for a recipient. A code is the
synthetic initialization vector construction (Rogaway and Shrimpton, 2006) over the position:

    31 bits  check: a keyed hash of the position
    40 bits  the position, hidden by a keyed hash of the check

written as twelve characters of the GSM alphabet, all of one septet. From one code nobody learns another: a change of
any bit is a position whose check fits once in 2³¹ tries.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from hashlib import blake2b

LENGTH = 12
POSITION_BITS, CHECK_BITS = 40, 31
MOST = 1 << POSITION_BITS
_POSITION_BYTES, _CHECK_BYTES = 5, 4
_CHECK_MASK = (1 << CHECK_BITS) - 1
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_BASE = len(_ALPHABET)
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]

SAMPLE = "0" * LENGTH
"""Stands for a code where a text is only counted or shown."""


class Codes:
    """Codes under one key of the links' ring."""

    def __init__(self, key: bytes) -> None:
        self._check_key = hmac.digest(key, b"wici short link check", "sha256")
        self._hiding_key = hmac.digest(key, b"wici short link position", "sha256")

    def code(self, position: int) -> str:
        """:raises ValueError: no such position."""
        if not 0 <= position < MOST:
            raise ValueError(f"position {position} is out of range")
        check = self._check(position)
        return _written(int.from_bytes(check, "big") << POSITION_BITS | position ^ self._mask(check))

    def position(self, code: str) -> int | None:
        """The position behind a code; None for anything that this key has not made. Takes as long for either."""
        number = _read(code)
        if number is None:
            return None
        check = (number >> POSITION_BITS).to_bytes(_CHECK_BYTES, "big")
        position = number & (MOST - 1) ^ self._mask(check)
        return position if hmac.compare_digest(self._check(position), check) else None

    def _check(self, position: int) -> bytes:
        hashed = blake2b(position.to_bytes(_POSITION_BYTES, "big"), digest_size=_CHECK_BYTES, key=self._check_key)
        return (int.from_bytes(hashed.digest(), "big") & _CHECK_MASK).to_bytes(_CHECK_BYTES, "big")

    def _mask(self, check: bytes) -> int:
        hashed = blake2b(check, digest_size=_POSITION_BYTES, key=self._hiding_key)
        return int.from_bytes(hashed.digest(), "big")


def position_of(code: str, ring: Iterable[Codes]) -> int | None:
    """The position behind a code that any key of the ring has made."""
    found = [position for codes in ring if (position := codes.position(code)) is not None]
    return found[0] if found else None


def _written(number: int) -> str:
    pairs = []
    for _ in range(LENGTH // 2):
        number, rest = divmod(number, _BASE * _BASE)
        pairs.append(_PAIRS[rest])
    return "".join(reversed(pairs))


def _read(code: str) -> int | None:
    if len(code) != LENGTH:
        return None
    number = 0
    for character in code:
        value = _VALUES.get(character)
        if value is None:
            return None
        number = number * _BASE + value
    return number if number < 1 << (POSITION_BITS + CHECK_BITS) else None
