"""Rows of delimited text, such that no quote can swallow a line.

RFC 4180, and what people make of it. A cell is quoted where it begins with a quote and that quote ends where a cell can
end: before a separator or at a line's end. Every other quote is text. A quoted cell that goes over lines is believed
unless one of the lines looks like a row of its own; its quote is then text as well, and the row says so.

A row stands at the number of the line it begins at: after one of three lines come two empty rows. So a row's number is
a line's, and there are as many rows as lines.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from itertools import islice

MAX_CELL = 10_000
MAX_COLUMNS = 200
MAX_QUOTED = 100_000  # characters that a cell over several lines may have; a note of HubSpot has 65,536

# What an address may look like in a cell; enough to know a row by, not to write to.
_ADDRESS = re.compile(r"[^@\s;,|]+@[^@\s;,|]+\.\w+|\+?(?:[ ()./-]?[0-9]){9,15}", re.ASCII)
_WRAPPED = re.compile(r'="(?:[^"]|"")*+"')
_LINE_END = re.compile(r"\r\n|\n|\r")


class MarkedRow(list[str]):
    """A row of which there is something to tell: the code of a problem that does not keep it out."""

    code = ""

    @classmethod
    def of(cls, cells: Iterable[str], code: str) -> MarkedRow:
        row = cls(cells)
        row.code = code
        return row


def is_address(cell: str) -> bool:
    """Whether a cell looks like an e-mail address or a phone number, quotes around it or not."""
    return _ADDRESS.fullmatch(cell.strip(" \"'\t")) is not None


def split_rows(blocks: Iterable[str], separator: str) -> Iterator[list[str]]:
    """The rows of a text that comes in blocks of whole lines; at any block's end a cell may still be open."""
    pending = iter(blocks)
    careful = _Careful(pending, separator)
    for block in pending:
        rows: Iterator[list[str]]
        if '"' not in block:
            rows = csv.reader(io.StringIO(block, newline=""), delimiter=separator, quoting=csv.QUOTE_NONE)
        elif _simple(separator).fullmatch(block):
            rows = csv.reader(io.StringIO(block, newline=""), delimiter=separator)
        else:
            # It may take more of the text than this block, and has cut its cells.
            yield from map(_unwrapped, careful.rows(block))
            continue
        if '="' in block:
            rows = map(_unwrapped, rows)
        yield from rows if _is_short(block) else map(trimmed, rows)


def _unwrapped(row: list[str]) -> list[str]:
    """The row without what is around `="0600100200"`, which shops write so that Excel takes it for no quantity."""
    if not any(cell[:2] == '="' for cell in row):
        return row
    cells = [cell[2:-1].replace('""', '"') if _WRAPPED.fullmatch(cell) else cell for cell in row]
    code = getattr(row, "code", "")
    return MarkedRow.of(cells, code) if code else cells


def _is_short(block: str) -> bool:
    """Whether no cell can be too long and no row too wide, by a look that costs little."""
    return all(map(MAX_COLUMNS.__ge__, map(len, io.StringIO(block, newline=""))))


def trimmed(row: list[str]) -> list[str]:
    """The row with its cells cut to `MAX_CELL`, and with one column more than may be where it has any beyond those.

    That last column tells whether there was something.
    """
    code = getattr(row, "code", "")
    if len(row) > MAX_COLUMNS:
        beyond = next((cell for cell in row[MAX_COLUMNS:] if cell.strip()), "")
        row = [*row[:MAX_COLUMNS], beyond]
    if row and max(map(len, row)) > MAX_CELL:
        row, code = [cell[:MAX_CELL] for cell in row], code or "row.cell_cut"
    return MarkedRow.of(row, code) if code else row


@cache
def _simple(separator: str) -> re.Pattern[str]:
    """Lines in which every quote at a cell's beginning ends at a cell's end: `csv` reads them as it is said above."""
    end = re.escape(separator)
    return re.compile(rf'(?:(?:"(?:[^"\r\n]|"")*+"(?=[{end}\r\n]|\Z)|(?!")[^{end}\r\n]*+)(?:[{end}\r\n]|\Z))*+')


@cache
def _cell(separator: str) -> re.Pattern[str]:
    """A quoted cell (group 1 what is in it) or a plain one (group 2), and what ends it (group 3)."""
    end = re.escape(separator)
    return re.compile(rf'(?:"((?:[^"]|"")*+)"(?=[{end}\r\n]|\Z)|([^{end}\r\n]*+))({end}|\r\n|\n|\r|\Z)')


class _Careful:
    """Reads blocks in which quotes are not as they should be, a cell at a time.

    A cell that is open at the end of a block takes more blocks, until it ends or is longer than any may be.
    """

    def __init__(self, more: Iterator[str], separator: str) -> None:
        self._more = more
        self._separator = separator
        self._cell = _cell(separator)
        self._width = 0
        self._addresses: Collection[int] = ()

    def rows(self, text: str) -> Iterator[list[str]]:
        self._learn(text)
        at = 0
        while at < len(text):
            row, end = self._row(text, at)
            if row is None:
                block = next(self._more, "")
                if block:
                    text, at = text[at:] + block, 0
                    continue
                row, end = self._row(text, at, whole=True)
            yield trimmed(row or [])
            for _ in range(len(_LINE_END.findall(text, at, end)) - (end > at and text[end - 1] in "\r\n")):
                yield []
            at = end

    def _learn(self, text: str) -> None:
        """How wide rows are and where their addresses stand, by the first lines of the first block read here."""
        if self._width:
            return
        lines = [line.rstrip("\n").split(self._separator) for line in islice(io.StringIO(text, newline=None), 200)]
        telling = [cells for cells in lines if any(map(is_address, cells))] or lines
        widths = [len(cells) for cells in telling]
        self._width = max(widths, key=lambda width: (widths.count(width), width), default=1)
        self._addresses = {at for cells in lines for at, cell in enumerate(cells) if is_address(cell)}

    def _row(self, text: str, at: int, *, whole: bool = False) -> tuple[list[str] | None, int]:
        """The row at `at` and where it ends; None where the text must go on first to tell."""
        start, cells, code = at, list[str](), ""
        while True:
            found = self._cell.match(text, at)
            assert found is not None  # a plain cell may be empty
            quoted, plain, end = found.groups()
            if quoted is None and plain[:1] == '"':
                if not whole and self._may_end_later(text, at):
                    return None, at
                code = "row.open_quote"
            elif quoted is not None and ("\n" in quoted or "\r" in quoted):
                if len(quoted) > MAX_QUOTED or self._holds_rows(text, start, at, found.end()):
                    found = self._plain(text, at)
                    quoted, plain, end = None, found[1], found[2]
                    code = "row.open_quote"
                elif not whole and found.end() == len(text) and not end:
                    return None, at
            if not cells and plain == "" and end != self._separator:
                return [], found.end()
            cells.append(plain if quoted is None else quoted.replace('""', '"'))
            at = found.end()
            if end != self._separator:
                return (MarkedRow.of(cells, code) if code else cells), at

    def _plain(self, text: str, at: int) -> re.Match[str]:
        found = _plain_cell(self._separator).match(text, at)
        assert found is not None
        return found

    def _may_end_later(self, text: str, at: int) -> bool:
        """Whether the quoted cell that begins at `at` goes to the end of the text without a quote that is none."""
        return len(text) - at <= MAX_QUOTED and _OPEN.match(text, at) is not None

    def _holds_rows(self, text: str, start: int, at: int, end: int) -> bool:
        """Whether a line after the first of the cell from `at` to `end` looks like a row of its own."""
        first_end = _LINE_END.search(text, at)
        assert first_end is not None
        alone = text[start : first_end.start()].split(self._separator)
        line_end = _LINE_END.search(text, end - 1)
        *inner, last = _LINE_END.split(text[first_end.end() : line_end.start() if line_end else len(text)])
        if any(self._is_row(line.split(self._separator)) for line in inner):
            return True
        cells = last.split(self._separator)
        return len(alone) >= self._width and len(cells) >= self._width and self._is_row(cells)

    def _is_row(self, cells: list[str]) -> bool:
        if len(cells) == 1 and self._width > 1:
            return False
        return any(at < len(cells) and is_address(cells[at]) for at in self._addresses)


_OPEN = re.compile(r'"(?:[^"]|"")*+"?\Z')


@cache
def _plain_cell(separator: str) -> re.Pattern[str]:
    end = re.escape(separator)
    return re.compile(rf"([^{end}\r\n]*+)({end}|\r\n|\n|\r|\Z)")
