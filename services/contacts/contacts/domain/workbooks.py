"""XLSX workbooks: refused before they are unpacked when they would unpack to too much."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from contacts.domain.files import MAX_CELL, MAX_COLUMNS
from contacts.exceptions import FileRefused

MAX_PACKED = 50 * 1024 * 1024
MAX_UNPACKED = 300 * 1024 * 1024
MAX_PARTS = 1_000
MAX_RATIO = 200


def ensure_safe(packed: bytes) -> None:
    """:raises FileRefused: not a workbook, or one that grows beyond the limits (a zip bomb)."""
    if len(packed) > MAX_PACKED:
        raise FileRefused("import.too_large", f"A workbook may have {MAX_PACKED >> 20} MB.")
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise FileRefused("import.malformed", "The file is not an XLSX workbook.") from None
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * max(len(packed), 10_000):
        raise FileRefused("import.zip_bomb", "The workbook unpacks to more than is allowed.")


def sheet_rows(packed: bytes, sheet: str | None = None) -> Iterator[list[str]]:
    """Rows of one sheet (the first unless named), every cell as text: dates ISO, whole numbers without a point."""
    ensure_safe(packed)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(packed))
        if not workbook.sheet_names:
            raise FileRefused("import.empty", "The workbook has no sheet.")
        if sheet is not None and sheet not in workbook.sheet_names:
            raise FileRefused("import.no_such_sheet", f"The workbook has no sheet named {sheet[:100]!r}.")
        opened = workbook.get_sheet_by_name(sheet or workbook.sheet_names[0])
        if opened.width > MAX_COLUMNS:
            raise FileRefused("import.too_many_columns", f"A file may have {MAX_COLUMNS} columns.")
        for _ in range(opened.start[0] if opened.start else 0):
            yield []  # calamine leaves empty rows at the top out; the numbers of the rows must stay
        for row in opened.iter_rows():
            yield [_text(cell) for cell in row]
    except CalamineError:
        raise FileRefused("import.malformed", "The file is not an XLSX workbook that can be read.") from None


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        if len(cell) > MAX_CELL:
            raise FileRefused("import.cell_too_long", f"A cell is longer than {MAX_CELL} characters.")
        return cell
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e16 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == cell.min.time() else cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
