"""The parts of a workbook that its sheets lean on: strings and styles, parsed piece by piece.

SpreadsheetML, ECMA-376 part 1: 18.4 shared strings, 18.8 styles. Names are taken without their namespace's prefix, so
that the strict and the transitional kind, and files that prefix every name, read alike.
"""

from __future__ import annotations

import os
import re
import tempfile
from array import array
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import TracebackType
from xml.parsers import expat

from contacts.domain.csv_rows import MAX_CELL
from contacts.exceptions import FileRefused

MAX_STRINGS = 5_000_000
MAX_TOKEN = 4 << 20  # of XML that is not parsed yet: one tag, one reference
MOST_HELD = 8 * MAX_CELL  # characters of one text that are kept: as they stand in the XML, `_x000D_` is one of a cell
HELD_STRINGS = 32 << 20  # bytes of strings in memory; what is more lies in a temporary file

Attributes = dict[str, str]
Pieces = Iterator[bytes]

_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_HALVES = re.compile("[\ud800-\udfff]")


class Parser:
    """Expat, fed piece by piece, which refuses document types (entities are declared there) and endless tokens."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._fed = 0
        self.expat = expat.ParserCreate()
        self.expat.buffer_text = True
        self.expat.StartDoctypeDeclHandler = _no_document_type

    def advance(self) -> bool:
        """Parse the next piece; False when there are no more."""
        piece = next(self._pieces, b"")
        self.expat.Parse(piece, not piece)
        self._fed += len(piece)
        if self._fed - self.expat.CurrentByteIndex > MAX_TOKEN:
            raise FileRefused("import.malformed", "The workbook holds XML that never ends.")
        return bool(piece)


def _no_document_type(*_: object) -> None:
    raise FileRefused("import.malformed", "The workbook holds a document type, which none has.")


def local(name: str) -> str:
    return name.rpartition(":")[2]


def elements(pieces: Pieces) -> Iterator[tuple[str, Attributes]]:
    """Every element's name and attributes, of a part without text."""
    parser, found = Parser(pieces), list[tuple[str, Attributes]]()
    parser.expat.StartElementHandler = lambda name, attributes: found.append((local(name), attributes))
    more = True
    while more:
        more = parser.advance()
        yield from found
        found.clear()


class SharedStrings:
    """The strings that cells name by number, read as far as they are asked for."""

    def __init__(self, pieces: Pieces) -> None:
        self._parser = Parser(pieces)
        self._held: list[str] = []
        self._bytes = 0
        self._starts = array("Q", [0])
        self._pending = bytearray()
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by __exit__
        self._text: list[str] | None = None
        self._room = MOST_HELD
        self._phonetic = False
        self._parser.expat.StartElementHandler = self._start
        self._parser.expat.EndElementHandler = self._end
        self._parser.expat.CharacterDataHandler = self._characters
        self._taking = False

    def __enter__(self) -> SharedStrings:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._file.close()

    def __getitem__(self, number: int) -> str:
        """:raises IndexError: no such string (a `ValueError` to whoever reads a sheet)."""
        held = self._held
        if 0 <= number < len(held):
            return held[number]
        if number < 0:
            raise ValueError(number)
        while number >= len(held) + len(self._starts) - 1:
            more = self._parser.advance()
            self._flush()
            if not more and number >= len(held) + len(self._starts) - 1:
                raise ValueError(number)
        if number < len(held):
            return held[number]
        at = number - len(held)
        start, end = self._starts[at], self._starts[at + 1]
        return os.pread(self._file.fileno(), end - start, start).decode()

    def _start(self, name: str, _: Attributes) -> None:
        name = local(name)
        if name == "si":
            self._text, self._room = [], MOST_HELD
        elif name == "t":
            self._taking = self._text is not None and not self._phonetic
        elif name == "rPh":
            self._phonetic = True

    def _characters(self, characters: str) -> None:
        if self._taking and self._text is not None and self._room > 0:
            self._text.append(characters)
            self._room -= len(characters)

    def _end(self, name: str) -> None:
        name = local(name)
        if name == "t":
            self._taking = False
        elif name == "rPh":
            self._phonetic = False
        elif name == "si":
            self._add(unescaped("".join(self._text or ()))[: MAX_CELL + 1])
            self._text = None

    def _add(self, string: str) -> None:
        if len(self._held) + len(self._starts) > MAX_STRINGS:
            raise FileRefused("import.too_many_strings", f"A workbook may have {MAX_STRINGS} different texts.")
        if len(self._starts) == 1 and self._bytes < HELD_STRINGS:
            self._held.append(string)
            self._bytes += 2 * len(string) + 60
        else:
            self._pending += string.encode()
            self._starts.append(self._bytes_in_file + len(self._pending))

    _bytes_in_file = 0

    def _flush(self) -> None:
        if self._pending:
            self._file.write(self._pending)
            self._file.flush()
            self._bytes_in_file += len(self._pending)
            self._pending.clear()


def unescaped(text: str) -> str:
    """`_x000D_` stands for the UTF-16 unit of that number (22.4.2.4, ST_Xstring).

    A surrogate without its other half is no character: nothing could store it, so U+FFFD stands in its place.
    """
    if "_x" not in text:
        return text
    text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _HALVES.search(text) else text


class Dates:
    """Which styles show a number as a date, and what date it is."""

    _BUILT_IN = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
    _LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
    _LAST = 2_958_466  # the day after 31 December 9999

    def __init__(self, styles: Pieces, from_1904: bool) -> None:
        self._epoch = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30)  # noqa: DTZ001  # as written
        formats: dict[str, bool] = {}
        self._styles: set[str] = set()
        in_cells, number = False, 0
        for tag, attributes in elements(styles):
            if tag == "numFmt":
                formats[attributes.get("numFmtId", "")] = self._is_date(attributes.get("formatCode", ""))
            elif tag in ("cellXfs", "cellStyles", "cellStyleXfs", "dxfs"):
                in_cells = tag == "cellXfs"
            elif tag == "xf" and in_cells:
                shown = attributes.get("numFmtId", "0")
                if formats.get(shown, shown.isdecimal() and int(shown) in self._BUILT_IN):
                    self._styles.add(str(number))
                number += 1

    def _is_date(self, code: str) -> bool:
        shown = self._LITERAL.sub("", code.partition(";")[0])
        return shown.lower() != "general" and bool(re.search("[dmyhs]", shown, re.IGNORECASE))

    def __contains__(self, style: str) -> bool:
        return style in self._styles

    def text(self, serial: float) -> str | None:
        """`1990-05-31`, `1990-05-31 12:30:00`, `12:30:00`; None where no date has that number."""
        if not 0 <= serial < self._LAST:
            return None
        moment = self._epoch + timedelta(seconds=round(serial * 86_400))
        if serial < 1:
            return f"{moment:%H:%M:%S}"
        return f"{moment:%Y-%m-%d}" if moment.time() == moment.min.time() else f"{moment:%Y-%m-%d %H:%M:%S}"
