"""Text files as customers send them: names, separators, and rows read from a stream in constant memory."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from contacts.domain.csv_rows import MarkedRow, split_rows
from contacts.exceptions import FileRefused

EXTENSIONS = ("csv", "txt", "xlsx")
SEPARATORS = (";", ",", "\t", "|")
MAX_LINE = 1_000_000
SAMPLE_CHARACTERS = 50_000
BLOCK_CHARACTERS = 1 << 16

_SEP_LINE = re.compile(r"\ufeff?[\"']?sep=(.)[\"']?[;,\t|]*\s*(?:[\r\n]|\Z)", re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """How to read a text file.

    :param other: the encoding of the lines that are not in the file's own: `utf-8`, or a legacy one.
    """

    encoding: str
    separator: str
    other: str | None = None


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
            {"extension": after[:99]},
        )
    return after.lower()


def is_separator_line(row: list[str]) -> bool:
    """Whether a file's first row is Excel's `sep=;`, which is no row."""
    return bool(row) and row[0].strip().strip("\"'").lower().startswith("sep=")


def guess_separator(sample: str) -> str:
    """The separator that parts the rows most evenly, or the one that `sep=` names; a semicolon for one column."""
    named = _SEP_LINE.match(sample)
    if named and named[1] in SEPARATORS:
        return named[1]
    best, most = ";", 0.0
    for separator in SEPARATORS:
        rows = _first_rows(sample, separator)
        widths = [len(row) for row in rows]
        width = max(widths, key=lambda one: (widths.count(one), one), default=1)
        if width < 2:
            continue
        score = 10 * widths.count(width) / len(rows) + min(width, 9)
        if score > most:
            best, most = separator, score
    return best


def _first_rows(sample: str, separator: str) -> list[list[str]]:
    """The first rows that are not empty."""
    rows = list(islice(filter(None, split_rows([sample], separator)), 50))
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
    """Rows of a CSV or TXT file, one for each of its lines (`csv_rows`). An empty line is an empty row.

    What is no character in the file's encoding is U+FFFD; a line in the other encoding is marked.

    :raises FileRefused: zero characters, an endless line.
    """
    csv.field_size_limit(MAX_LINE)
    if dialect.encoding.startswith("utf-16"):
        yield from split_rows(_utf16_blocks(chunks, dialect.encoding), dialect.separator)
        return
    odd_lines: set[int] = set()
    rows = split_rows(_blocks(chunks, dialect, odd_lines), dialect.separator)
    if dialect.other is None:
        yield from rows
        return
    for number, row in enumerate(rows, 1):
        yield MarkedRow.of(row, getattr(row, "code", "") or "row.encoding") if number in odd_lines else row
        odd_lines.discard(number)


def _blocks(chunks: Iterable[bytes], dialect: Dialect, odd_lines: set[int]) -> Iterator[str]:
    """The text in blocks of whole lines, and into `odd_lines` the numbers of those in the other encoding."""
    number, first = 1, True
    for block in byte_blocks(chunks):
        if first and block.startswith(codecs.BOM_UTF8):
            block = block[len(codecs.BOM_UTF8) :]
        first = False
        if b"\x00" in block:
            raise FileRefused("import.not_text", "The file is not text: it holds zero characters.")
        if dialect.other is None:
            yield block.decode(dialect.encoding, "replace")
        else:
            lines = block.splitlines(keepends=True)  # of bytes: at \n, \r and \r\n alone
            yield "".join(_line(line, dialect, number + at, odd_lines) for at, line in enumerate(lines))
            number += len(lines)


def _line(line: bytes, dialect: Dialect, number: int, odd_lines: set[int]) -> str:
    if line.isascii():
        return line.decode("ascii")
    legacy = dialect.other if dialect.encoding.startswith("utf-8") else dialect.encoding
    try:
        text, is_utf8 = line.decode("utf-8"), True
    except UnicodeDecodeError:
        text, is_utf8 = line.decode(legacy or "cp1250", "replace"), False
    if is_utf8 is not dialect.encoding.startswith("utf-8"):
        odd_lines.add(number)
    return text


def byte_blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Chunks joined and cut so that each is of whole lines, by ASCII's line ends."""
    rest = b""
    for chunk in chunks:
        # A carriage return at the very end may be the first half of a line's end.
        ends = max(chunk.rfind(b"\n"), chunk.rfind(b"\r", 0, -1)) + 1
        if not ends and not rest.endswith(b"\r"):
            rest += chunk
        else:
            block = rest + chunk[:ends]
            if len(block) > MAX_LINE and max(map(len, block.splitlines())) > MAX_LINE:
                raise _line_too_long("bytes")
            yield block
            rest = chunk[ends:]
        if len(rest) > MAX_LINE:
            raise _line_too_long("bytes")
    yield rest


def _line_too_long(unit: str) -> FileRefused:
    return FileRefused("import.line_too_long", f"A line is longer than {MAX_LINE} {unit}.")


def _utf16_blocks(chunks: Iterable[bytes], encoding: str) -> Iterator[str]:
    """The text in blocks of whole lines."""
    raw: io.RawIOBase = _Stream(chunks)
    stream = io.TextIOWrapper(io.BufferedReader(raw, 1 << 18), encoding, "replace", newline="")
    rest = ""
    while block := stream.read(BLOCK_CHARACTERS):
        if "\x00" in block:
            raise FileRefused("import.not_text", "The file is not text: it holds zero characters.")
        block = rest + block
        ends = max(block.rfind("\n"), block.rfind("\r", 0, -1)) + 1
        rest = block[ends:]
        if len(block) > MAX_LINE and any(len(line) > MAX_LINE for line in re.split(r"\r\n|\n|\r", block)):
            raise _line_too_long("characters")
        if ends:
            yield block[:ends]
    yield rest
