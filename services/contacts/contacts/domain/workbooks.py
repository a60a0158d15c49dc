"""XLSX workbooks, read as a stream: no sheet, and no table of strings, is ever held whole.

ECMA-376 (Office Open XML) part 1, SpreadsheetML; the container is a zip archive (part 2). What a workbook may unpack to
is bounded as it is unpacked, whatever its directory says.
"""

from __future__ import annotations

import posixpath
import struct
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO
from xml.parsers import expat

from contacts.domain.sheet_xml import sheet_rows
from contacts.domain.workbook_parts import Dates, SharedStrings, elements
from contacts.exceptions import FileRefused

MAX_UNPACKED = 2 << 30
MAX_RATIO = 200  # a sheet of a million alike rows packs about 60 to 1, a bomb 1,000 to 1
RATIO_FROM = 10 << 20  # what is small may pack as well as it likes
MAX_PARTS = 1_000
MAX_DIRECTORY = 1 << 20
PIECE = 1 << 16

_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, expat.ExpatError, struct.error, EOFError, ValueError, KeyError, NotImplementedError,
    RuntimeError, OverflowError, OSError,
)  # fmt: skip
_OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0"  # an OLE file: Excel before 2007, or one that a password locks


@dataclass(frozen=True)
class Sheet:
    """One worksheet: its name, its part in the archive, and whether people see it."""

    name: str
    part: str
    hidden: bool


class Workbook:
    """An open workbook.

    :param most: bytes that may be unpacked in all.
    :raises FileRefused: not a workbook that can be read, or one that grows beyond the limits (a zip bomb).
    """

    def __init__(self, file: IO[bytes], *, most: int = MAX_UNPACKED) -> None:
        self._most = most
        self._unpacked = 0
        try:
            self._archive, self._packed = _opened(file)
            self._parts = {part.filename.lower(): part for part in self._archive.infolist()}
            self._open_book()
        except _UNREADABLE:
            raise _malformed() from None

    def _open_book(self) -> None:
        root = self._relations("_rels/.rels", "")
        book = next((part for kind, part in root.values() if kind == "officeDocument"), "xl/workbook.xml")
        folder, name = posixpath.split(book)
        relations = self._relations(f"{folder}/_rels/{name}.rels", folder)
        by_kind = dict(relations.values())
        self._strings, self._styles = by_kind.get("sharedStrings"), by_kind.get("styles")
        self._from_1904 = False
        self.sheets: list[Sheet] = []
        for tag, attributes in elements(self._stream(book)):
            if tag == "workbookPr":
                self._from_1904 = attributes.get("date1904", "0") in ("1", "true")
            elif tag == "sheet":
                relation = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), "")
                kind, part = relations.get(relation, ("", ""))
                if kind == "worksheet":
                    hidden = attributes.get("state", "visible") != "visible"
                    self.sheets.append(Sheet(attributes["name"], part, hidden))

    def _relations(self, part: str, folder: str) -> dict[str, tuple[str, str]]:
        """Kind and part by the id of a relation."""
        if part.lower() not in self._parts:
            return {}
        return {
            one["Id"]: (
                posixpath.basename(one["Type"]),
                posixpath.normpath(posixpath.join("/", folder, one["Target"])).lstrip("/"),
            )
            for tag, one in elements(self._stream(part))
            if tag == "Relationship" and one.get("TargetMode") != "External"
        }

    def rows(self, sheet: str | None = None) -> Iterator[list[str]]:
        """Rows of one sheet (the first that is not hidden, unless named), every cell as text.

        Dates are ISO, whole numbers without a point, booleans 1 and 0; a formula is its last value. An empty row is an
        empty list. Of merged cells the first has the value.
        """
        try:
            chosen = self._choose(sheet)
            dates = Dates(self._stream(self._styles), self._from_1904)
            with SharedStrings(self._stream(self._strings)) as strings:
                yield from sheet_rows(self._stream(chosen.part), strings, dates)
        except _UNREADABLE:
            raise _malformed() from None

    @property
    def first(self) -> Sheet:
        """The first sheet that people see."""
        return next((sheet for sheet in self.sheets if not sheet.hidden), self.sheets[0])

    def _choose(self, name: str | None) -> Sheet:
        if not self.sheets:
            raise FileRefused("import.empty", "The workbook has no sheet.")
        if name is None:
            return self.first
        for sheet in self.sheets:
            if sheet.name.casefold() == name.strip().casefold():
                return sheet
        raise FileRefused(
            "import.no_such_sheet", f"The workbook has no sheet named {name[:100]!r}.", {"sheet": name[:100]}
        )

    def _stream(self, part: str | None) -> Iterator[bytes]:
        """The XML of a part, of one that there is none of an empty element."""
        if part is None:
            yield b"<none/>"
            return
        entry = self._parts[part.lower()]
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or entry.flag_bits & 1:
            raise _malformed()
        with self._archive.open(entry) as packed:
            while piece := packed.read(PIECE):
                self._unpacked += len(piece)
                if self._unpacked > min(self._most, max(RATIO_FROM, MAX_RATIO * self._packed)):
                    raise FileRefused("import.zip_bomb", "The workbook unpacks to more than is allowed.")
                yield piece
                time.sleep(0)  # where green threads run, let the others: a piece is ten milliseconds of parsing


def _opened(file: IO[bytes]) -> tuple[zipfile.ZipFile, int]:
    size = file.seek(0, 2)
    file.seek(0)
    if file.read(4) == _OLD_OR_LOCKED:
        raise FileRefused("import.malformed", "The workbook is locked by a password, or is of Excel before 2007.")
    file.seek(max(0, size - (1 << 16) - 22))
    if _directory_size(file.read()) > MAX_DIRECTORY:
        raise FileRefused("import.zip_bomb", "The workbook has more parts than are allowed.")
    archive = zipfile.ZipFile(file)
    if len(archive.infolist()) > MAX_PARTS:
        raise FileRefused("import.zip_bomb", f"A workbook may have {MAX_PARTS} parts.")
    return archive, size


def _directory_size(tail: bytes) -> int:
    """Of an archive's list of parts (APPNOTE 4.3.16), which `zipfile` reads whole."""
    at = len(tail) - 22
    if tail[at : at + 4] != b"PK\x05\x06" or tail[-2:] != b"\0\0":
        at = tail.rfind(b"PK\x05\x06")
    if at < 0:
        raise zipfile.BadZipFile
    size = int(struct.unpack_from("<L", tail, at + 12)[0])
    large = tail.rfind(b"PK\x06\x06", 0, at)
    if size == 0xFFFFFFFF and large >= 0:
        size = int(struct.unpack_from("<Q", tail, large + 40)[0])
    return size


def _malformed() -> FileRefused:
    return FileRefused("import.malformed", "The file is not an XLSX workbook that can be read.")
