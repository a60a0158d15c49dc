"""Cells and JSON values to typed values: dates, yes and no, numbers, text."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

MAX_TEXT = 1_000
# What a spreadsheet shows where a formula has no value; nobody's name or city.
SPREADSHEET_ERRORS = frozenset({
    "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA", "#N/D!",
    "#ADR!", "#ARG!", "#NAZWA?", "#LICZBA!", "#DZIEL/0!", "#ZERO!",
})  # fmt: skip


class FieldType(StrEnum):
    """Types of a custom field."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"


YES = frozenset({"tak", "t", "yes", "y", "1", "true", "prawda", "p", "x", "ok", "zgoda", "+", "1.0", "on"})
NO = frozenset({"nie", "n", "no", "0", "false", "fałsz", "falsz", "f", "-", "brak", "brak zgody", "0.0", "off"})

_YEAR_FIRST = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})[-./ ](\d{1,2})[-./ ](\d{4})", re.ASCII)
_WORDED = re.compile(r"(\d{1,2})\.? (\w{3,12})\.? (\d{4})")
TIME_TAIL = re.compile(r"[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?$", re.ASCII)
# Beginnings of the months' names in Polish (nominative and genitive) and English, folded to ASCII.
MONTHS = {
    "sty": 1, "jan": 1, "lut": 2, "feb": 2, "mar": 3, "kwi": 4, "apr": 4, "maj": 5, "may": 5, "cze": 6, "jun": 6,
    "lip": 7, "jul": 7, "sie": 8, "aug": 8, "wrz": 9, "sep": 9, "paz": 10, "oct": 10, "lis": 11, "nov": 11,
    "gru": 12, "dec": 12,
}  # fmt: skip
_UNFOLDED = str.maketrans("łŁ", "lL")


def to_date(raw: str) -> date | None:
    """A calendar date from 1900 to 2199. Day first, as Poland writes; `1990-05-31`, `31.05.1990`, `31 maja 1990`."""
    text = TIME_TAIL.sub("", raw.strip())
    if match := _YEAR_FIRST.fullmatch(text):
        year, month, day = int(match[1]), int(match[2]), int(match[3])
    elif match := _DAY_FIRST.fullmatch(text):
        day, month, year = int(match[1]), int(match[2]), int(match[3])
    elif match := _WORDED.fullmatch(text):
        day, month, year = int(match[1]), MONTHS.get(folded(match[2])[:3], 0), int(match[3])
    else:
        return None
    try:
        return date(year, month, day) if 1900 <= year < 2200 else None
    except ValueError:
        return None


def to_boolean(raw: str) -> bool | None:
    """Yes or no in Polish or English, or None where it is neither."""
    word = raw.strip().lower()
    return True if word in YES else False if word in NO else None


def to_number(raw: str) -> Decimal | None:
    """A decimal number; a comma may stand for the point, spaces may part thousands."""
    text = re.sub(r"[\s\u00a0\u202f]", "", raw)
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    if not re.fullmatch(r"[+-]?\d{1,18}(\.\d{1,12})?", text, re.ASCII):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def to_text(raw: str) -> str | None:
    """Trimmed text without control characters, or None where it is too long to be a field's value."""
    text = raw.strip()
    if len(text) > MAX_TEXT:
        return None
    return text if text.isprintable() else "".join(c for c in text if c.isprintable() or c in "\n\t")


def folded(text: str) -> str:
    """Lower-cased without accents: `Imię` → `imie`."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_UNFOLDED).lower())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def typed(value: Any, kind: FieldType) -> Any:
    """JSON-safe form of `value` by a custom field's type; `ValueError` where it does not fit. None stays None."""
    if value is None:
        return None
    converted = _converted(value, kind)
    if converted is None:
        raise ValueError(f"Not a valid {kind}.")
    return converted


def _converted(value: Any, kind: FieldType) -> Any:
    if kind is FieldType.BOOLEAN:
        return value if isinstance(value, bool) else to_boolean(value) if isinstance(value, str) else None
    if isinstance(value, bool):
        return None
    if kind is FieldType.NUMBER:
        number = to_number(str(value)) if isinstance(value, str | int | float) else None
        return None if number is None else int(number) if number == number.to_integral_value() else float(number)
    if kind is FieldType.DATE:
        day = to_date(value) if isinstance(value, str) else None
        return day.isoformat() if day else None
    return to_text(str(value)) if isinstance(value, str | int | float) else None
