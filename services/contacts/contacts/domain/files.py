"""Text files as customers send them: names, encodings, separators, and rows read from a stream in constant memory."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from contacts.exceptions import FileRefused

EXTENSIONS = ("csv", "txt", "xlsx")
SEPARATORS = (";", ",", "\t", "|")
MAX_CELL = 10_000
MAX_LINE = 1_000_000
MAX_COLUMNS = 200
SAMPLE_BYTES = 1 << 20
SAMPLE_CHARACTERS = 50_000
BLOCK_CHARACTERS = 1 << 16
# Names as the API knows them.
CODECS = {"utf-8": "utf-8-sig", "utf-16": "utf-16", "windows-1250": "cp1250", "iso-8859-2": "iso8859-2"}
PUBLIC_NAMES = {
    "utf-8": "utf-8", "utf-8-sig": "utf-8", "utf-16": "utf-16", "utf-16-le": "utf-16", "utf-16-be": "utf-16",
    "cp1250": "windows-1250", "iso8859-2": "iso-8859-2",
}  # fmt: skip

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# Letters that Polish text is made of; the two legacy encodings put ąśźĄŚŹ at different bytes.
_POLISH = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ")


@dataclass(frozen=True)
class Dialect:
    """How to read a text file."""

    encoding: str
    separator: str


def extension(filename: str) -> str:
    """The extension of `filename`: everything after its first dot (product row B3).

    :raises FileRefused: it is none of csv, txt, xlsx; the message names it.
    """
    name = re.split(r"[\\/]", filename)[-1].strip()
    stem, dot, after = name.partition(".")
    if not dot or not stem:
        raise FileRefused("import.file_extension", "The file's name needs an extension: .csv, .txt or .xlsx.")
    if after.lower() not in EXTENSIONS:
        raise FileRefused(
            "import.file_extension",
            f"Everything after the first dot of a name is the extension: .{after[:99]} is none of csv, txt, xlsx.",
        )
    return after.lower()


class EncodingDetector:
    """Feed it all of a file; it holds counts, never the file."""

    def __init__(self) -> None:
        self._utf8 = codecs.getincrementaldecoder("utf-8")("strict")
        self._is_utf8 = True
        self._head = b""
        self._nul = False
        self._odd = bytearray()

    def feed(self, chunk: bytes) -> None:
        if len(self._head) < 4:
            self._head += chunk[:4]
        self._nul = self._nul or b"\x00" in chunk
        if len(self._odd) < SAMPLE_BYTES and not chunk.isascii():
            self._odd += chunk[:SAMPLE_BYTES]
        if self._is_utf8:
            self._try_utf8(chunk, final=False)

    def encoding(self, *, whole: bool = True) -> str:
        """:param whole: all of the file was fed, not its beginning alone.
        :raises FileRefused: these bytes are no text in any encoding that is read.
        """
        for bom, name in _BOMS:
            if self._head.startswith(bom):
                return name
        if self._nul:
            return self._without_bom()
        if whole:
            self._try_utf8(b"", final=True)
        return "utf-8" if self._is_utf8 else legacy(bytes(self._odd))

    def _without_bom(self) -> str:
        # UTF-16 without a mark: the header's first letters are below U+0100, so every other byte is zero.
        if len(self._head) >= 4 and self._head[1] == self._head[3] == 0 and self._head[0]:
            return "utf-16-le"
        if len(self._head) >= 4 and self._head[0] == self._head[2] == 0 and self._head[1]:
            return "utf-16-be"
        raise FileRefused("import.not_text", "The file is not text: it holds zero bytes.")

    def _try_utf8(self, chunk: bytes, *, final: bool) -> None:
        try:
            self._utf8.decode(chunk, final)
        except UnicodeDecodeError:
            self._is_utf8 = False


def legacy(sample: bytes) -> str:
    """Windows-1250 or ISO-8859-2, whichever gives more Polish letters and no control characters.

    :raises FileRefused: neither gives text.
    """
    scores = {}
    for encoding in ("cp1250", "iso8859-2"):
        text = sample.decode(encoding, "replace")
        strange = sum(
            1 for char in text if char == "\ufffd" or (not char.isprintable() and char not in "\r\n\t\u00a0\u00ad")
        )
        scores[encoding] = sum(1 for char in text if char in _POLISH) - 10 * strange
        if strange * 50 > len(text):
            del scores[encoding]
    if not scores:
        raise FileRefused("import.not_text", "The file is not text in any encoding that is read.")
    return max(scores, key=lambda encoding: (scores[encoding], encoding == "cp1250"))


def guess_separator(sample: str) -> str:
    """The separator that parts the first rows most evenly; a semicolon where there is one column only."""
    best, most = ";", 0.0
    for separator in SEPARATORS:
        rows = _first_rows(sample, separator)
        if not rows or len(rows[0]) < 2:
            continue
        alike = sum(1 for row in rows if len(row) == len(rows[0])) / len(rows)
        score = alike * 10 + min(len(rows[0]), 9)
        if score > most:
            best, most = separator, score
    return best


def _first_rows(sample: str, separator: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(sample, newline=""), delimiter=separator):
            rows.append(row)
            if len(rows) == 50:
                break
    except csv.Error:
        return []
    return rows[:-1] if 1 < len(rows) < 50 else rows  # the last may be cut off


class _Stream(io.RawIOBase):
    """Chunks of bytes as a raw stream; never more than one of them is held."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        while not self._rest:
            try:
                self._rest = memoryview(next(self._chunks))
            except StopIteration:
                return 0
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def text_rows(chunks: Iterable[bytes], dialect: Dialect) -> Iterator[list[str]]:
    """Rows of a CSV or TXT file; line breaks inside quotes stay in their cell. An empty line is an empty row.

    :raises FileRefused: broken encoding, an endless line, a cell over `MAX_CELL` (an open quote, mostly).
    """
    csv.field_size_limit(MAX_CELL)
    raw: Any = _Stream(chunks)
    stream = io.TextIOWrapper(io.BufferedReader(raw, 1 << 18), encoding=dialect.encoding, newline="")
    number = 0
    try:
        for row in csv.reader(chain.from_iterable(_blocks(stream)), delimiter=dialect.separator):
            number += 1
            yield row if len(row) <= MAX_COLUMNS else _narrowed(row)
    except UnicodeError:
        name = PUBLIC_NAMES.get(dialect.encoding, dialect.encoding)
        raise FileRefused("import.encoding", f"After row {number} the file is not {name}.") from None
    except csv.Error as error:
        detail = (
            f"a cell is longer than {MAX_CELL} characters; is a quote left open?"
            if "limit" in str(error)
            else f"{error}"
        )
        raise FileRefused("import.malformed", f"After row {number}: {detail}.") from None


def _narrowed(row: list[str]) -> list[str]:
    """A row of a million separators, to one column more than may be; that one tells whether there was something."""
    beyond = next((cell for cell in row[MAX_COLUMNS:] if cell.strip()), "")
    return [*row[:MAX_COLUMNS], beyond]


def _blocks(stream: io.TextIOWrapper) -> Iterator[io.StringIO]:
    """The text in blocks of whole lines, which `io` then parts faster than any loop here would."""
    rest = ""
    while block := stream.read(BLOCK_CHARACTERS):
        if "\x00" in block:
            raise FileRefused("import.not_text", "The file is not text: it holds zero characters.")
        # A carriage return at the very end may be the first half of a line's end.
        ends = max(block.rfind("\n"), block.rfind("\r", 0, -1)) + 1
        if not ends:
            rest += block
        else:
            yield io.StringIO(rest + block[:ends], newline="")
            rest = block[ends:]
        if len(rest) > MAX_LINE:
            raise FileRefused("import.line_too_long", f"A line is longer than {MAX_LINE} characters.")
    yield io.StringIO(rest, newline="")
