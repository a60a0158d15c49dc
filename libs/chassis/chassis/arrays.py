"""Lists of values on their way to PostgreSQL, as arrays in text form.

psycopg asks of each element, in Python, how it is written and whether it needs quotes: 2 µs each, which in statements
over `unnest` is more than all the rest of a row. A list of one plain type is written here at a tenth of that; any other
is left to psycopg.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from types import NoneType
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.array import ListDumper


def write_lists_fast(connection: psycopg.Connection[Any]) -> None:
    """Have this connection write its lists so."""
    connection.adapters.register_dumper(list, PlainListDumper)


class PlainListDumper(ListDumper):
    def dump(self, obj: list[Any]) -> Any:
        written = array_of(obj) if self.delimiter == b"," else None
        return super().dump(obj) if written is None else written


def array_of(values: Sequence[Any]) -> bytes | None:
    """The text form of an array of these values; None where their types are several, or not among `_WRITTEN`.

    See PostgreSQL's manual, section 8.15.6: what stands in quotes is taken as it is, but for backslashes and quotes.
    """
    kinds = set(map(type, values))
    has_nulls = NoneType in kinds
    kinds.discard(NoneType)
    write = _WRITTEN.get(kinds.pop()) if len(kinds) == 1 else None
    if write is None:
        return None
    written = write([value for value in values if value is not None] if has_nulls else values)
    if written is None:
        return None
    if has_nulls:
        rest = iter(written)
        written = ["NULL" if value is None else next(rest) for value in values]
    return f"{{{','.join(written)}}}".encode()


def _texts(values: Sequence[str]) -> list[str] | None:
    whole = "".join(values)
    if "\0" in whole:
        return None  # psycopg says what is wrong with it
    if "\\" in whole or '"' in whole:
        values = [value.replace("\\", "\\\\").replace('"', '\\"') for value in values]
    return [f'"{value}"' for value in values]


def _quoted(values: Sequence[object]) -> list[str]:
    return [f'"{value}"' for value in values]


def _plain(values: Sequence[object]) -> list[str]:
    return list(map(str, values))


def _hex(values: Sequence[bytes]) -> list[str]:
    return [f'"\\\\x{value.hex()}"' for value in values]


_WRITTEN: Mapping[type, Callable[[Sequence[Any]], list[str] | None]] = {
    str: _texts, int: _plain, UUID: _plain, datetime: _quoted, date: _quoted, bytes: _hex,
}  # fmt: skip
