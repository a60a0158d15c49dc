"""Rows of a file to rows of the staging table: a column at a time, because that is where a million rows are won.

What cannot be read in a cell is never guessed. The row goes on without that value where it still has an address, or is
rejected; either way the row's number and the reason are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache, partial

from contacts.domain.columns import ADDRESS_FIELDS, BUILT_IN, CONSENT_FIELDS, MODIFIED
from contacts.domain.emails import normalise
from contacts.domain.phones import dialled_in
from contacts.domain.values import MAX_TEXT, FieldType, to_boolean, to_date, to_number

MAX_EXTERNAL_ID = 200
STAGED = (*BUILT_IN, MODIFIED)


class BadValues(StrEnum):
    """What becomes of a row with a cell that cannot be read."""

    DROP = "drop"  # the row goes on without the value, as long as it has an address
    REJECT = "reject"


class Precedence(StrEnum):
    """Whose value stays where the file and the base differ; an empty cell never takes a value away."""

    NEWEST = "newest"
    KEEP_EXISTING = "keep_existing"


@dataclass(frozen=True)
class Plan:
    """How the columns of one file become fields.

    :param columns: field name by column number.
    :param custom: type by key, for the custom fields among them.
    :param merge_by: email, phone or external_id: what makes two rows one person.
    :param consent: channels for which the importer declares consent of everyone whose row does not say.
    """

    columns: dict[int, str]
    width: int
    region: str
    today: date
    custom: dict[str, FieldType] = field(default_factory=dict)
    merge_by: str = "email"
    bad_values: BadValues = BadValues.DROP
    consent: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The address fields in the order in which they tell who a row is."""
        return (self.merge_by, *(name for name in ADDRESS_FIELDS if name != self.merge_by))

    @property
    def custom_keys(self) -> list[str]:
        return list(self.custom)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one row."""

    row: int
    code: str
    rejected: bool


Column = Sequence[str | None]


class Reader:
    """Turns chunks of rows into staged rows by one plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._convert = {name: self._converter(name) for name in plan.columns.values()}
        given = {*plan.columns.values(), *(f"{channel}_consent" for channel in plan.consent)}
        # What a staged row holds after its number and key.
        self.names = [*(name for name in STAGED if name in given), *plan.custom]

    def read(
        self, rows: Sequence[list[str]], first: int
    ) -> tuple[list[tuple[str | int | None, ...]], list[Problem], int]:
        """Staged rows, problems and the number of rows that are not empty, of `rows` whose first has number `first`.

        A staged row is `(number, key, *names)`, every value as PostgreSQL reads it.
        """
        numbers, kept, problems = self._aligned(rows, first)
        count = len(kept) + len(problems)
        if not kept:
            return [], problems, count
        cells = list(zip(*kept, strict=True))
        found: dict[int, list[str]] = {}
        columns: dict[str, Column] = {}
        for at, name in self._plan.columns.items():
            columns[name] = self._column(name, cells[at], found)
        for channel in self._plan.consent:
            name = f"{channel}_consent"
            columns[name] = ["t" if value is None else value for value in columns.get(name, [None] * len(kept))]
        staged = self._staged(numbers, columns, found, problems)
        return staged, problems, count

    def _aligned(
        self, rows: Sequence[list[str]], first: int
    ) -> tuple[Sequence[int], Sequence[list[str]], list[Problem]]:
        """Rows of the header's width that are not empty, with their numbers."""
        width = self._plan.width
        if all(map(width.__eq__, map(len, rows))) and not any(map(_is_blank, [row[0] for row in rows])):
            return range(first, first + len(rows)), rows, []
        numbers: list[int] = []
        kept: list[list[str]] = []
        problems: list[Problem] = []
        for number, row in enumerate(rows, first):
            if all(map(_is_blank, row)):
                continue
            if not all(map(_is_blank, row[width:])):
                problems.append(Problem(number, "row.too_many_cells", True))
                continue
            numbers.append(number)
            kept.append(row[:width] + [""] * (width - len(row)))
        return numbers, kept, problems

    def _column(self, name: str, cells: Sequence[str], found: dict[int, list[str]]) -> Column:
        convert = self._convert[name]
        values = [convert(cell) if cell else None for cell in cells]
        if None in values:
            for at, value in enumerate(values):
                if value is None and cells[at] and cells[at].strip():
                    found.setdefault(at, []).append(f"{name}.invalid")
        return values

    def _staged(
        self, numbers: Sequence[int], columns: dict[str, Column], found: dict[int, list[str]], problems: list[Problem]
    ) -> list[tuple[str | int | None, ...]]:
        empty: Column = [None] * len(numbers)
        key, second, third = (columns.get(name, empty) for name in self._plan.keys)
        keys: list[str | None] = [
            "0" + a if a else "1" + b if b else "2" + c if c else None
            for a, b, c in zip(key, second, third, strict=True)
        ]
        lost = [at for at, one in enumerate(keys) if one is None]
        if found or lost:
            self._judge(numbers, keys, lost, found, problems)
        lists = [columns[name] for name in self.names]
        if not found and not lost:
            return list(zip(numbers, keys, *lists, strict=True))
        return [row for row in zip(numbers, keys, *lists, strict=True) if row[1] is not None]

    def _judge(
        self,
        numbers: Sequence[int],
        keys: list[str | None],
        lost: list[int],
        found: dict[int, list[str]],
        problems: list[Problem],
    ) -> None:
        for at in lost:
            found.setdefault(at, ["address.missing"])
        for at, codes in found.items():
            rejected = keys[at] is None or self._plan.bad_values is BadValues.REJECT
            if rejected:
                keys[at] = None
            problems.extend(Problem(numbers[at], code, rejected) for code in codes)

    def _converter(self, name: str) -> Callable[[str], str | None]:
        if name == "email":
            return normalise
        if name == "phone":
            return dialled_in(self._plan.region)
        if name in CONSENT_FIELDS:
            return _boolean
        if name == "birth_date":
            return partial(_past_date, today=self._plan.today)
        if name == MODIFIED:
            return _date
        if name == "external_id":
            return partial(_text, limit=MAX_EXTERNAL_ID)
        return _BY_TYPE[self._plan.custom.get(name, FieldType.TEXT)]


def _is_blank(cell: str) -> bool:
    return not cell or cell.isspace()


def _text(cell: str, limit: int = MAX_TEXT) -> str | None:
    text = cell.strip()
    if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@"):
        text = text[1:]  # our own rejects file puts the apostrophe there, so that a spreadsheet computes nothing
    if not text.isprintable():
        text = "".join(char for char in text if char.isprintable() or char in "\n\t").strip()
    return text if text and len(text) <= limit else None


@lru_cache(maxsize=100_000)
def _date(cell: str) -> str | None:
    day = to_date(cell)
    return day.isoformat() if day else None


def _past_date(cell: str, *, today: date) -> str | None:
    day = _date(cell)
    return day if day and day <= today.isoformat() else None


@lru_cache(maxsize=10_000)
def _boolean(cell: str) -> str | None:
    answer = to_boolean(cell)
    return None if answer is None else "t" if answer else "f"


@lru_cache(maxsize=100_000)
def _number(cell: str) -> str | None:
    number = to_number(cell)
    return None if number is None else str(number)


_BY_TYPE: dict[FieldType, Callable[[str], str | None]] = {
    FieldType.TEXT: _text,
    FieldType.NUMBER: _number,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE: _date,
}
