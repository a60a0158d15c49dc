"""A spreadsheet (ECMA-376) in pieces, each made without those before: a file as long as it likes, in little memory.

A piece is a stretch of a zip file (APPNOTE 6.3.10): the first holds the small parts and the head of the sheet, each
further one some rows, deflated and flushed so that the next can follow, the last what follows the sheet. What the
pieces have in common, a running checksum and three lengths, goes from one to the next as text (`Progress`).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from xml.sax.saxutils import escape

# Excel opens no more rows than that (ECMA-376 leaves it open), the head among them.
MOST_ROWS = 1_048_576

Cell = str | int | float | None

_TYPES = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument'
    '.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1"'
    ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}"/>'
    "</Relationships>"
)
_BOOK = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="{name}" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_SHEET = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews>'
    '<sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    "</sheetView></sheetViews><sheetData>"
)
_END = "</sheetData></worksheet>"
_SHEET_NAME = b"xl/worksheets/sheet1.xml"

_LOCAL, _CENTRAL, _DESCRIPTOR, _DIRECTORY_END = b"PK\3\4", b"PK\1\2", b"PK\7\x08", b"PK\5\6"
_SIZES_FOLLOW, _UTF8 = 1 << 3, 1 << 11
_STORED, _DEFLATED = 0, 8
_VERSION = 20
# The least day that zip knows (1980-01-01): the same figures give the same bytes.
_DAY = (date(1980, 1, 1).month << 5) | 1


@dataclass(frozen=True)
class Progress:
    """What the next piece has to know: of the sheet so far its CRC-32, length, deflated length, and rows."""

    crc: int = 0
    length: int = 0
    deflated: int = 0
    rows: int = 0

    def __str__(self) -> str:
        return " ".join(map(str, astuple(self)))

    @classmethod
    def of(cls, written: str) -> Progress:
        """:raises ValueError: nothing that a piece came with."""
        numbers = [int(one) for one in written.split(" ")]
        if len(numbers) != 4 or not all(0 <= one < 2**32 for one in numbers):
            raise ValueError("not the state of a spreadsheet")
        return cls(*numbers)


def beginning(name: str, columns: Sequence[str]) -> tuple[bytes, Progress]:
    """The first piece, with the names of the columns."""
    parts = b"".join(_local(*part) + part[1] for part in _small_parts(name))
    local = _head(_SHEET_NAME, _SIZES_FOLLOW, _DEFLATED, 0, 0, 0)
    rows, progress = _deflated(_SHEET.encode() + _row(columns, 1), Progress())
    return parts + local + rows, Progress(progress.crc, progress.length, progress.deflated, 1)


def more(rows: Iterable[Sequence[Cell]], progress: Progress) -> tuple[bytes, Progress]:
    """A piece of rows."""
    number = progress.rows
    written = bytearray()
    for row in rows:
        number += 1
        written += _row(row, number)
    piece, after = _deflated(bytes(written), progress)
    return piece, Progress(after.crc, after.length, after.deflated, number)


def end(name: str, progress: Progress) -> bytes:
    """The last piece."""
    last, progress = _deflated(_END.encode(), progress, is_last=True)
    sizes = (progress.crc, progress.deflated, progress.length)
    directory, offset, count = b"", 0, 0
    for part_name, content in _small_parts(name):
        crc = zlib.crc32(content)
        directory += _central(part_name, 0, _STORED, crc, len(content), len(content), offset)
        offset += len(_local(part_name, content)) + len(content)
        count += 1
    directory += _central(_SHEET_NAME, _SIZES_FOLLOW, _DEFLATED, *sizes, offset)
    descriptor = _DESCRIPTOR + struct.pack("<3I", *sizes)
    start = offset + len(_head(_SHEET_NAME, 0, 0, 0, 0, 0)) + progress.deflated + len(descriptor)
    closing = _DIRECTORY_END + struct.pack("<4H2IH", 0, 0, count + 1, count + 1, len(directory), start, 0)
    return last + descriptor + directory + closing


def _small_parts(name: str) -> list[tuple[bytes, bytes]]:
    book = _BOOK.format(name=escape(name, {'"': "&quot;"}))
    return [
        (b"[Content_Types].xml", _TYPES.encode()),
        (b"_rels/.rels", _RELATIONS.format(kind="officeDocument", target="xl/workbook.xml").encode()),
        (b"xl/workbook.xml", book.encode()),
        (b"xl/_rels/workbook.xml.rels", _RELATIONS.format(kind="worksheet", target="worksheets/sheet1.xml").encode()),
    ]


def _row(cells: Iterable[Cell], number: int) -> bytes:
    return f'<row r="{number}">{"".join(map(_cell, cells))}</row>'.encode()


def _cell(value: Cell) -> str:
    """Text is text, whatever it begins with: no cell is a formula."""
    if value is None or value == "":
        return "<c/>"
    if isinstance(value, int | float):
        return f"<c><v>{value}</v></c>"
    clean = "".join(one for one in value if one >= " " or one in "\t\n\r")[:32_767]
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(clean)}</t></is></c>'


def _deflated(written: bytes, progress: Progress, *, is_last: bool = False) -> tuple[bytes, Progress]:
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    piece = deflate.compress(written) + deflate.flush(zlib.Z_FINISH if is_last else zlib.Z_FULL_FLUSH)
    crc = zlib.crc32(written, progress.crc)
    return piece, Progress(crc, progress.length + len(written), progress.deflated + len(piece), progress.rows)


def _local(name: bytes, content: bytes) -> bytes:
    return _head(name, 0, _STORED, zlib.crc32(content), len(content), len(content))


def _head(name: bytes, flags: int, method: int, crc: int, deflated: int, length: int) -> bytes:
    fixed = struct.pack("<5H3I2H", _VERSION, flags | _UTF8, method, 0, _DAY, crc, deflated, length, len(name), 0)
    return _LOCAL + fixed + name


def _central(name: bytes, flags: int, method: int, crc: int, deflated: int, length: int, offset: int) -> bytes:
    fixed = struct.pack(
        "<6H3I5H2I", _VERSION, _VERSION, flags | _UTF8, method, 0, _DAY, crc, deflated, length, len(name),
        0, 0, 0, 0, 0, offset,
    )  # fmt: skip
    return _CENTRAL + fixed + name
