"""Rows of a file to rows of the staging table: a column at a time, because that is where a million rows are won.

What cannot be read in a cell is never guessed. The row goes on without that value where it still has an address, or is
rejected; either way the row's number and the reason are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache, partial
from typing import cast

from contacts.domain import dates, second_look
from contacts.domain.columns import (
    ADDRESS_FIELDS,
    BUILT_IN,
    COMPOUND,
    CONSENT,
    CONSENT_FIELDS,
    CONSENTED,
    FULL_NAME,
    MODIFIED,
)
from contacts.domain.csv_rows import MarkedRow
from contacts.domain.dates import DateOrder
from contacts.domain.emails import normalise
from contacts.domain.phones import all_dialled_in
from contacts.domain.values import MAX_TEXT, SPREADSHEET_ERRORS, FieldType, to_boolean, to_number

MAX_EXTERNAL_ID = 200
STAGED = (*BUILT_IN, MODIFIED, CONSENTED)
UNREADABLE = "\ufffd"  # what stands where a file held no character (U+FFFD)


# Ends of codes of cells whose value goes on all the same: shorter, or the first of several.
KEPT = (".several", ".cut")


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
    :param date_orders: of the fields whose dates do not stand day first.
    """

    columns: dict[int, str]
    width: int
    region: str
    today: date
    custom: dict[str, FieldType] = field(default_factory=dict)
    merge_by: str = "email"
    bad_values: BadValues = BadValues.DROP
    consent: tuple[str, ...] = ()
    date_orders: dict[str, DateOrder] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        """The address fields in the order in which they tell who a row is."""
        return (self.merge_by, *(name for name in ADDRESS_FIELDS if name != self.merge_by))

    @property
    def custom_keys(self) -> list[str]:
        return list(self.custom)

    def of_addresses(self) -> Plan:
        """The same file read for e-mail addresses and phones alone."""
        columns = {at: name for at, name in self.columns.items() if name in ("email", "phone")}
        return replace(self, columns=columns, custom={}, consent=(), bad_values=BadValues.DROP)

    @property
    def parts(self) -> dict[str, list[str]]:
        """The fields that a column which tells of several is read for: those that have no column of their own."""
        own = set(self.columns.values())
        return {name: [one for one in COMPOUND[name] if one not in own] for name in own if name in COMPOUND}

    @property
    def consents(self) -> tuple[str, ...]:
        """The fields of consent that the file or its importer says anything of."""
        declared = (f"{channel}_consent" for channel in self.consent)
        given = {*self.columns.values(), *declared}.union(*self.parts.values())
        return tuple(name for name in CONSENT_FIELDS if name in given and name not in self.custom)

    @property
    def date_columns(self) -> dict[int, str]:
        """Field by number of the columns of dates."""
        kinds = {**dict.fromkeys(("birth_date", MODIFIED, CONSENTED), FieldType.DATE), **self.custom}
        return {at: name for at, name in self.columns.items() if kinds.get(name) is FieldType.DATE or name == CONSENT}

    def read_date(self, name: str, cell: str) -> dates.Read:
        order = self.date_orders.get(name, DateOrder.DAY_FIRST)
        return dates.read(cell, order, self.today, past=name in ("birth_date", CONSENTED, CONSENT))


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one row."""

    row: int
    code: str
    rejected: bool


# Values of one field, a row each, as PostgreSQL reads them; empty where the row has none.
Column = Sequence[str]
Converter = Callable[[Sequence[str]], list[str | None]]


@dataclass(frozen=True, slots=True)
class Staged:
    """What became of a chunk of rows: `columns` holds one column for each of the reader's names.

    :param numbers: of the rows that go on.
    :param count: how many rows were not empty.
    """

    numbers: Sequence[int]
    columns: Sequence[Column]
    problems: list[Problem]
    count: int

    def rows(self, names: Sequence[str]) -> dict[int, dict[str, str]]:
        """The values that each row has, by its number."""
        found = zip(self.numbers, *self.columns, strict=True) if self.columns else ((one,) for one in self.numbers)
        return {row[0]: {name: cell for name, cell in zip(names, row[1:], strict=True) if cell} for row in found}


class Reader:
    """Turns chunks of rows into staged rows by one plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._convert = {name: _converter(name, plan) for name in plan.columns.values()}
        self._parts = plan.parts
        given = {*plan.columns.values(), *plan.consents}.union(*self._parts.values())
        if CONSENT in given:
            given.add(CONSENTED)
        # What a staged row holds after its number, and the columns of the staging table for it.
        built_in = [name for name in STAGED if name in given and name not in plan.custom]
        self.names = [*built_in, *plan.custom]
        self.staged_names = [*built_in, *(f"c{at}" for at in range(len(plan.custom)))]

    def read(self, rows: Sequence[list[str]], first: int) -> Staged:
        """Stage `rows`, the first of which has number `first`."""
        numbers, kept, problems = self._aligned(rows, first)
        count = len(kept) + sum(1 for one in problems if one.rejected)
        if not kept:
            return Staged([], [[] for _ in self.names], problems, count)
        cells = list(zip(*kept, strict=True))
        found: dict[int, list[str]] = {}
        columns: dict[str, Column] = {}
        for at, name in self._plan.columns.items():
            values = self._column(name, cells[at], found)
            if name == FULL_NAME:
                columns.update(_name_parts(values, self._parts[name]))
            elif name == CONSENT:
                columns.update(self._consents(values, cells[at]) | columns)
            else:
                columns[name] = values
        for channel in self._plan.consent:
            name = f"{channel}_consent"
            columns[name] = [value or "t" for value in columns.get(name, [""] * len(kept))]
        lost = self._without_address(columns, len(kept))
        lists = [columns[name] for name in self.names]
        if found or lost:
            going = self._judge(numbers, lost, found, problems)
            if len(going) < len(numbers):
                numbers = [numbers[at] for at in going]
                lists = [[column[at] for at in going] for column in lists]
        return Staged(numbers, lists, problems, count)

    def _aligned(
        self, rows: Sequence[list[str]], first: int
    ) -> tuple[Sequence[int], Sequence[list[str]], list[Problem]]:
        """Rows of the header's width that are not empty, with their numbers."""
        width = self._plan.width
        marked = set(map(type, rows)) != {list}
        if not marked and all(map(width.__eq__, map(len, rows))) and all(map(str.strip, [row[0] for row in rows])):
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
            if marked and isinstance(row, MarkedRow):
                problems.append(Problem(number, row.code, False))
            numbers.append(number)
            kept.append(row[:width] + [""] * (width - len(row)))
        return numbers, kept, problems

    def _column(self, name: str, cells: Sequence[str], found: dict[int, list[str]]) -> Column:
        values = self._convert[name](cells)
        if None in values:
            for at, value in enumerate(values):
                if value is None:
                    values[at] = ""
                    if not _is_blank(cells[at]):
                        again, code = self._again(name, cells[at])
                        values[at] = again or ""
                        if code:
                            found.setdefault(at, []).append(code)
        return cast("list[str]", values)

    def _again(self, name: str, cell: str) -> second_look.Looked:
        """A second look at a cell that was not read: its value after all, or why it has none."""
        if UNREADABLE in cell:
            return None, f"{name}.unreadable"
        if name == "email":
            return second_look.email(cell)
        if name == "phone":
            return second_look.phone(cell, self._plan.region)
        if name in self._plan.date_columns.values():
            wrong = self._plan.read_date(name, cell).wrong
            return None, f"{name}.{wrong}" if wrong else None
        is_text = name != "external_id" and self._plan.custom.get(name, FieldType.TEXT) is FieldType.TEXT
        if is_text and (cut := _text(cell.strip()[:MAX_TEXT], MAX_TEXT)):
            return cut, f"{name}.cut"
        return None, f"{name}.invalid"

    def _consents(self, values: Column, cells: Sequence[str]) -> dict[str, Column]:
        """Consent in general: of every channel that has no column of its own, with its date where a cell is one."""
        pairs = zip(values, cells, strict=True)
        read = [self._plan.read_date(CONSENT, cell).day if value else None for value, cell in pairs]
        days = ["" if day is None else day.isoformat() for day in read]
        return {**dict.fromkeys(self._parts[CONSENT], values), CONSENTED: days}

    def _without_address(self, columns: dict[str, Column], size: int) -> set[int]:
        lost = set(range(size))
        for name in ADDRESS_FIELDS:
            if name in columns:
                column = columns[name]
                if "" not in column:
                    return set()
                lost = {at for at in lost if not column[at]}
        return lost

    def _judge(
        self, numbers: Sequence[int], lost: set[int], found: dict[int, list[str]], problems: list[Problem]
    ) -> list[int]:
        """Tell the problems; returns the places of the rows that go on."""
        for at in lost:
            found.setdefault(at, ["address.missing"])
        strict = self._plan.bad_values is BadValues.REJECT
        out = {at for at, codes in found.items() if at in lost or (strict and not all(map(_is_kept, codes)))}
        for at, codes in sorted(found.items()):
            problems.extend(Problem(numbers[at], code, at in out) for code in codes)
        return [at for at in range(len(numbers)) if at not in out]


def _converter(name: str, plan: Plan) -> Converter:
    if name == "email":
        return _emails
    if name == "phone":
        return all_dialled_in(plan.region)
    if name in CONSENT_FIELDS:
        return _remembering(_boolean)
    if name == CONSENT:
        return _remembering(lambda cell: _boolean(cell) or ("t" if plan.read_date(name, cell).day else None))
    if name in plan.date_columns.values():
        return _remembering(lambda cell: day.isoformat() if (day := plan.read_date(name, cell).day) else None)
    kind = plan.custom.get(name, FieldType.TEXT)
    if kind is FieldType.TEXT:
        return partial(_texts, limit=MAX_EXTERNAL_ID if name == "external_id" else MAX_TEXT)
    return _remembering({FieldType.NUMBER: _number, FieldType.BOOLEAN: _boolean}[kind])


def _remembering(convert: Callable[[str], str | None]) -> Converter:
    """For columns whose values come again and again."""
    known = lru_cache(maxsize=100_000)(lambda cell: convert(cell) if cell else "")
    return lambda cells: list(map(known, cells))


def _is_blank(cell: str) -> bool:
    return not cell or cell.isspace()


def _emails(cells: Sequence[str]) -> list[str | None]:
    if "'" in "".join(cells):
        cells = list(map(_unguarded, cells))
    return [normalise(cell) if cell else "" for cell in cells]


def _unguarded(cell: str) -> str:
    """The cell without the apostrophe that our own files, and Shopify's, have for spreadsheets' sake."""
    guarded = cell[:1] == "'" and (cell[1:2] in ("=", "+", "-", "@") or cell[1:].isdecimal())
    return cell[1:] if guarded else cell


def _texts(cells: Sequence[str], *, limit: int) -> list[str | None]:
    together = "".join(cells)
    plain = together.isprintable() and not any(map(together.__contains__, ("'", "#", UNREADABLE)))
    if plain and max(map(len, cells)) <= limit:
        return list(map(str.strip, cells))  # what `_text` would say of each
    return [_text(cell, limit) if cell else "" for cell in cells]


def _text(cell: str, limit: int) -> str | None:
    text = _unguarded(cell.strip())
    if text in SPREADSHEET_ERRORS or UNREADABLE in text:
        return None
    if not text.isprintable():
        text = "".join(char for char in text if char.isprintable() or char in "\n\t").strip()
    return text if text and len(text) <= limit else None


def _name_parts(values: Column, parts: Sequence[str]) -> dict[str, Column]:
    """A whole name in two: its first word, and the others."""
    pairs = [value.partition(" ") for value in values]
    both = {"first_name": [first for first, _, _ in pairs], "last_name": [last.strip() for _, _, last in pairs]}
    return {name: both[name] for name in parts}


def _is_kept(code: str) -> bool:
    return code.endswith(KEPT)


def _boolean(cell: str) -> str | None:
    answer = to_boolean(cell)
    return None if answer is None else "t" if answer else "f"


def _number(cell: str) -> str | None:
    number = to_number(_unguarded(cell))
    return None if number is None else str(number)
