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
    lines = [_line(row) for row in rows]
    if lines:
        with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copying:
            copying.write("\n".join(lines) + "\n")


def _line(row: Sequence[object]) -> str:
    """Almost always nothing has to be escaped; a look at the whole line costs a third of one at each value."""
    line = "\t".join([NULL if value is None else value if type(value) is str else str(value) for value in row])
    nulls = sum([value is None for value in row])
    if line.count("\t") == len(row) - 1 and line.count("\\") == nulls and "\n" not in line and "\r" not in line:
        return line
    return "\t".join([_field(value) for value in row])


def _field(value: object) -> str:
    if value is None:
        return NULL
    return value.translate(ESCAPES) if isinstance(value, str) else str(value)


def array_of_text(values: Sequence[str]) -> str:
    """The literal of an array."""
    joined = '","'.join(values)
    if "\\" in joined or joined.count('"') != 2 * (len(values) - 1 if values else 0):
        joined = '","'.join(map(_escaped, values))
    return '{"' + joined + '"}' if values else "{}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def nullable_arrays(rows: Sequence[Sequence[object]]) -> list[str]:
    """As `arrays`, of at least one row, with NULL for None; a column is often one value over and over, or NULL."""
    return [_nullable(column) for column in zip(*rows, strict=True)]


def _nullable(column: Sequence[object]) -> str:
    if None not in column:
        return array_of_text([value if type(value) is str else str(value) for value in column])
    return "{" + ",".join(["NULL" if value is None else f'"{_escaped(str(value))}"' for value in column]) + "}"


def arrays(rows: Iterable[Sequence[object]], width: int) -> list[str]:
    """The rows turned into literals of `width` arrays, as `unnest` takes them; no value is None."""
    return [array_of_text(list(map(str, column))) for column in zip(*rows, strict=True)] or ["{}"] * width
