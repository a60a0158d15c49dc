"""Phone numbers to E.164.

`phonenumbers` is the authority; a cheap exact path answers for the common Polish spellings and is built from the
authority's own patterns, so that it can only say what the authority says (a property test holds them equal).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

import phonenumbers

MAX_LENGTH = 40

# What people put between digits: spaces (also no-break and thin), dashes of every length, dots, slashes, brackets.
SEPARATORS = {ord(char): None for char in " \t\u00a0\u2007\u2009\u202f-\u2010\u2011\u2012\u2013\u2014./()[]"}
_DIALLED = re.compile(r"\+?[0-9]{5,20}")
_FRACTION = re.compile(r"(?<=[0-9]{7})[.,]0+\s*\Z")  # of a number that a program took for a quantity
_INVISIBLE = {ord(char): None for char in "\u200b\u200e\u200f\u202a\u202c\ufeff'"}


def to_e164(raw: str, region: str) -> str | None:
    """E.164 form of `raw` dialled in `region` (ISO 3166, `PL`), or None where it is no valid number.

    Read as valid: `+48xxxxxxxxx`, `0048xxxxxxxxx`, `48xxxxxxxxx`, `0xxxxxxxxx`, `xxxxxxxxx`, each with separators.
    """
    return all_dialled_in(region)([raw])[0] if raw else None


def all_dialled_in(region: str) -> Callable[[Sequence[str]], list[str | None]]:
    """`to_e164` for a column of one region's numbers; an empty cell stays empty."""
    if region != "PL":
        return lambda cells: [by_authority(raw, region) if raw else "" for raw in cells]
    match = _polish().fullmatch

    def polish(cells: Sequence[str]) -> list[str | None]:
        if ".0" in "".join(cells):  # a point is taken out, and a nought would be left that nobody dialled
            cells = [_FRACTION.sub("", raw) for raw in cells]
        # All at once: translating a long string costs little more than a short one.
        dialled = "\n".join(cells).translate(SEPARATORS).split("\n")
        if len(dialled) != len(cells):
            dialled = [raw.translate(SEPARATORS) for raw in cells]
        return [
            "+48" + found[1] if (found := match(digits)) else by_authority(raw, "PL") if raw else ""
            for digits, raw in zip(dialled, cells, strict=True)
        ]

    return polish


def part_of_number(text: str, region: str) -> str | None:
    """What a number that is looked for, or a part of one, looks like in E.164; None where `text` is no such thing."""
    dialled = text.translate(SEPARATORS)
    if number := to_e164(text, region):
        return number
    return dialled if re.fullmatch(r"\+?[0-9]+", dialled) else None


def spellings(number: str, region: str) -> set[str]:
    """What a number dialled in `region`, digits with or without a plus, may be in E.164; none of them need be valid."""
    if number.startswith("+"):
        return {number}
    code, trunk = _codes_of(region)
    found = {f"+{code}{number}"}
    found.update(f"+{code}{number[len(prefix) :]}" for prefix in {"0", trunk} if prefix and number.startswith(prefix))
    found.update(f"+{number[len(before) :]}" for before in ("00", "011") if number.startswith(before))
    if number.startswith(code):
        found.add(f"+{number}")
    return found


@cache
def _codes_of(region: str) -> tuple[str, str]:
    """The region's country code, and what is dialled before a number within it."""
    return str(phonenumbers.country_code_for_region(region)), phonenumbers.ndd_prefix_for_region(region, True) or ""


def by_authority(raw: str, region: str) -> str | None:
    """The same answer from `phonenumbers` alone (18 µs a number where the cheap path takes 0.6)."""
    if len(raw) > MAX_LENGTH:
        return None
    dialled = _FRACTION.sub("", raw).translate(SEPARATORS).translate(_INVISIBLE)
    if not _DIALLED.fullmatch(dialled):
        return None
    return _valid(dialled, region) or _without_trunk_zero(dialled, region)


def is_region(region: str) -> bool:
    return region in phonenumbers.SUPPORTED_REGIONS


def _valid(dialled: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(dialled, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _without_trunk_zero(dialled: str, region: str) -> str | None:
    """Poland gave up its trunk zero in 2009 and people still write it; the authority no longer knows it."""
    if dialled.startswith("0") and not dialled.startswith("00"):
        return _valid(dialled[1:], region)
    return None


@cache
def _polish() -> re.Pattern[str]:
    """Nine-digit Polish mobile numbers in their spellings, by the authority's pattern."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region("PL")
    if metadata is None or metadata.mobile is None:
        return re.compile(r"(?!)")
    mobile = metadata.mobile.national_number_pattern
    return re.compile(rf"(?:\+48|0048|48|0)?((?=[0-9]{{9}}\Z)(?:{mobile}))", re.ASCII)
