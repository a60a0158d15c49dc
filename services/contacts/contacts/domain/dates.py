"""Dates as people and programs write them, in the order that a whole column tells.

`03/04/1990` is the third of April in Warsaw and the fourth of March in Boston. No cell says which; a column does, as
soon as one of its days is above twelve. So the order is one for the column, never one for the row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from contacts.domain.values import MONTHS, TIME_TAIL, folded

FIRST_YEAR, LAST_YEAR = 1900, 2199
_EXCEL = date(1899, 12, 30)  # day 0 of serials after February 1900
_SERIALS = range(10_000, 73_051)  # 1927 to 2099; fewer digits are a year or a quantity

_NUMBERS = re.compile(r"(\d{1,2})\s*[-./ ]\s*(\d{1,2})\s*[-./ ]\s*(\d{4}|\d{2})", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})[-./ ](\d{1,2})[-./ ](\d{1,2})", re.ASCII)
_COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)", re.ASCII)
_WORDED = re.compile(r"(\d{1,2})[.\s-]{1,2}([^\W\d_]{1,12})[.\s-]{1,2}(\d{4}|\d{2})")
_WORD_FIRST = re.compile(r"([^\W\d_]{3,12})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
_SERIAL = re.compile(r"(\d{5})(?:[.,]\d+)?", re.ASCII)
_TAIL = re.compile(r"\s*(?:r\.?|roku)\Z", re.IGNORECASE)
_ROMAN_MONTHS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_ROMAN = dict(zip(_ROMAN_MONTHS, range(1, 13), strict=True))
# What programs write where there is no date.
_NONE = frozenset({"0000-00-00", "0000-00-00 00:00:00", "0/0/00", "00.00.0000", "0/0/0000", "--"})


class DateOrder(StrEnum):
    """In which order day, month and year stand in numbers."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


@dataclass(frozen=True)
class Read:
    """A cell's date, or why there is none: `invalid`, `no_such_day`, `future`; neither where the cell says nothing."""

    day: date | None = None
    wrong: str | None = None


@dataclass
class OrderCount:
    """What the cells of a column tell of its order: in which place numbers above twelve stand.

    :ivar open: whether there is anything to ask: dots are written by who writes the day first.
    """

    day_first: int = 0
    month_first: int = 0
    open: bool = False

    def add(self, cell: str) -> None:
        if found := _NUMBERS.match(cell.strip()):
            self.day_first += int(found[1]) > 12
            self.month_first += int(found[2]) > 12
            self.open = self.open or "." not in found[0] or int(found[2]) > 12

    @property
    def order(self) -> DateOrder | None:
        """None where as many cells speak for the one as for the other."""
        if self.day_first == self.month_first:
            return None
        return DateOrder.DAY_FIRST if self.day_first > self.month_first else DateOrder.MONTH_FIRST


def read(raw: str, order: DateOrder, today: date, *, past: bool = False) -> Read:
    """The date in a cell.

    :param past: of a date that has been, such as a birth; two digits of a year are then the last such year.
    """
    text = _TAIL.sub("", TIME_TAIL.sub("", raw.strip()))
    if text in _NONE:
        return Read()
    parts = _parts(text, order)
    if parts is None:
        serial = _SERIAL.fullmatch(text)
        if serial is None or int(serial[1]) not in _SERIALS:
            return Read(wrong="invalid")
        day = _EXCEL + timedelta(days=int(serial[1]))
        return Read(wrong="future") if past and day > today else Read(day)
    year, month, number = parts
    if year < 100:
        year += 2000 if 2000 + year <= today.year + (0 if past else 20) else 1900
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return Read(wrong="invalid")
    try:
        day = date(year, month, number)
    except ValueError:
        return Read(wrong="no_such_day")
    return Read(wrong="future") if past and day > today else Read(day)


def _parts(text: str, order: DateOrder) -> tuple[int, int, int] | None:
    """Year, month and day as they are written."""
    if found := _YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _NUMBERS.fullmatch(text):
        first, second, year = int(found[1]), int(found[2]), int(found[3])
        return (year, second, first) if order is DateOrder.DAY_FIRST else (year, first, second)
    if (found := _WORDED.fullmatch(text)) and (month := _month(found[2])):
        return int(found[3]), month, int(found[1])
    if (found := _WORD_FIRST.fullmatch(text)) and (month := _month(found[1])):
        return int(found[3]), month, int(found[2])
    return None


def _month(word: str) -> int:
    """The number of a month by its name, its beginning or its Roman number; 0 where it is none."""
    name = folded(word)
    return _ROMAN.get(name) or MONTHS.get(name[:3], 0)
