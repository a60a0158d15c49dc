"""Many rows as PostgreSQL reads them in text: lines of COPY, and arrays.

The driver's own dumpers take five times as long for each value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import Cursor

NULL = "\\N"
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copy(cursor: Cursor[Any], table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """COPY the rows; `table` and `columns` are our own names, never a customer's."""
    lines = ["\t".join([_field(value) for value in row]) for row in rows]
    if lines:
        with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copying:
            copying.write("\n".join(lines) + "\n")


def _field(value: object) -> str:
    if value is None:
        return NULL
    return value.translate(ESCAPES) if isinstance(value, str) else str(value)


def array_of_text(values: Sequence[str]) -> str:
    """The literal of an array."""
    joined = '","'.join(values)
    if "\\" in joined or joined.count('"') != 2 * (len(values) - 1 if values else 0):
        joined = '","'.join([value.replace("\\", "\\\\").replace('"', '\\"') for value in values])
    return '{"' + joined + '"}' if values else "{}"


def arrays(rows: Iterable[Sequence[object]], width: int) -> list[str]:
    """The rows turned into literals of `width` arrays, as `unnest` takes them; no value is None."""
    return [array_of_text(list(map(str, column))) for column in zip(*rows, strict=True)] or ["{}"] * width
