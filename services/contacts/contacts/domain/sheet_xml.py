"""The rows of a worksheet, parsed piece by piece (SpreadsheetML, ECMA-376 part 1, 18.3)."""

from __future__ import annotations

from collections.abc import Iterator

from contacts.domain.csv_rows import MAX_CELL, MAX_COLUMNS, MarkedRow
from contacts.domain.workbook_parts import (
    MOST_HELD,
    Attributes,
    Dates,
    Parser,
    Pieces,
    SharedStrings,
    local,
    unescaped,
)
from contacts.exceptions import FileRefused

MAX_ROWS = 1_048_576


def number_text(raw: str) -> str:
    """A number as Excel shows it: fifteen digits, whole ones without a point or an exponent."""
    if raw.isdecimal() and len(raw) <= 15:
        return raw
    number = float(raw)
    if number.is_integer() and abs(number) < 1e16:
        return str(int(number))
    return f"{number:.15g}"


def sheet_rows(pieces: Pieces, strings: SharedStrings, dates: Dates) -> Iterator[list[str]]:
    """The rows of one worksheet, those that the file leaves out as empty lists."""
    parser = _SheetParser(pieces, strings, dates)
    more, last = True, 0
    while more:
        more = parser.advance()
        rows, parser.rows = parser.rows, []
        for number, row in rows:
            while last + 1 < number:
                last += 1
                yield []
            last = number
            yield row


class _SheetParser(Parser):
    def __init__(self, pieces: Pieces, strings: SharedStrings, dates: Dates) -> None:
        super().__init__(pieces)
        self.rows: list[tuple[int, list[str]]] = []
        self._strings = strings
        self._dates = dates
        self._columns: dict[str, int] = {}
        self._row: list[str] = []
        self._number = 0
        self._column = 0
        self._kind = self._style = ""
        self._text: list[str] = []
        self._room = MOST_HELD
        self._taking = self._in_cell = self._phonetic = False
        self.expat.StartElementHandler = self._start
        self.expat.EndElementHandler = self._end
        self.expat.CharacterDataHandler = self._characters

    def _start(self, name: str, attributes: Attributes) -> None:
        if ":" in name:
            name = local(name)
        if name == "c":
            self._start_cell(attributes)
        elif name == "v" or name == "t":
            self._taking = self._in_cell and not self._phonetic
        elif name == "row":
            at = attributes.get("r")
            number = int(at) if at else self._number + 1
            self._number = number if number > self._number else self._number + 1
            if self._number > MAX_ROWS:
                raise FileRefused("import.too_many_rows", f"A sheet may have {MAX_ROWS} rows.")
            self._row, self._column = [], 0
        elif name == "rPh":
            self._phonetic = True

    def _start_cell(self, attributes: Attributes) -> None:
        reference = attributes.get("r")
        if reference:
            letters = reference.rstrip("0123456789")
            column = self._columns.get(letters)
            if column is None:
                column = self._columns[letters] = _column_of(letters)
            self._column = column
        self._kind = attributes.get("t", "n")
        self._style = attributes.get("s", "0")
        self._text, self._room = [], MOST_HELD
        self._in_cell = True

    def _characters(self, characters: str) -> None:
        if self._taking and self._room > 0:
            self._text.append(characters)
            self._room -= len(characters)

    def _end(self, name: str) -> None:
        if ":" in name:
            name = local(name)
        if name == "v" or name == "t":
            self._taking = False
        elif name == "c":
            self._in_cell = False
            if self._text:
                self._put(self._value("".join(self._text)))
            self._column += 1
        elif name == "row":
            self.rows.append((self._number, self._row))
        elif name == "rPh":
            self._phonetic = False

    def _put(self, value: str) -> None:
        if not value:
            return
        if self._column >= MAX_COLUMNS:
            raise FileRefused("import.too_many_columns", f"A file may have {MAX_COLUMNS} columns.")
        if len(value) > MAX_CELL:
            value, self._row = value[:MAX_CELL], MarkedRow.of(self._row, "row.cell_cut")
        row = self._row
        missing = self._column - len(row)
        if missing < 0:
            row[self._column] = value
            return
        if missing:
            row.extend([""] * missing)
        row.append(value)

    def _value(self, raw: str) -> str:
        kind = self._kind
        if kind == "s":
            return self._strings[int(raw)]
        if kind == "n":
            raw = raw.strip()
            if self._style in self._dates and (day := self._dates.text(float(raw))):
                return day
            return number_text(raw) if raw else ""
        if kind in ("inlineStr", "str"):
            return unescaped(raw)
        return raw.strip()  # booleans 1 and 0, errors such as #N/A, ISO dates


def _column_of(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        if not "A" <= letter <= "Z" or number > 20_000:
            raise ValueError(letters)
        number = 26 * number + ord(letter) - 64
    return number - 1
