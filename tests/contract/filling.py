"""Rows in every table that holds something of an account, made from what the database itself says of its tables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

_TABLES = """
SELECT c.oid, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'alembic_version'
ORDER BY c.relname
"""
_COLUMNS = """
SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = '' AND a.attgenerated = ''
ORDER BY a.attnum
"""
_KEYS = """
SELECT contype, pg_get_constraintdef(oid),
       ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY k (n, at)
             JOIN pg_attribute ON attrelid = conrelid AND attnum = n ORDER BY at),
       CASE WHEN confrelid <> 0 THEN confrelid::regclass::text END,
       ARRAY(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY k (n, at)
             JOIN pg_attribute ON attrelid = confrelid AND attnum = n ORDER BY at)
FROM pg_constraint WHERE conrelid = %s AND contype IN ('p', 'f', 'c')
"""
_ONE_OF = re.compile(r"\(+\"?(\w+)\"?\)?(?:::text)? = ANY \(\(?ARRAY\['([^']*)'")


@dataclass
class Table:
    """One table as its database describes it."""

    name: str
    types: dict[str, str]
    primary_key: list[str] = field(default_factory=list)
    links: dict[str, tuple[str, str]] = field(default_factory=dict)  # column → (table, column)
    words: dict[str, str] = field(default_factory=dict)  # column → the first word that a CHECK allows

    @property
    def has_account(self) -> bool:
        return "account_id" in self.types


def tables_of(connection: psycopg.Connection, undeclared: dict[str, tuple[str, str]]) -> dict[str, Table]:
    """Tables by name.

    :param undeclared: links that no foreign key declares: `{"file_chunks.file_id": ("files", "id")}`.
    """
    found = {}
    for oid, name in connection.execute(_TABLES).fetchall():
        table = Table(name, dict(connection.execute(_COLUMNS, (oid,)).fetchall()))
        for kind, definition, columns, target, target_columns in connection.execute(_KEYS, (oid,)).fetchall():
            if kind == "p":
                table.primary_key = columns
            elif kind == "f":
                table.links |= {column: (target, at) for column, at in zip(columns, target_columns, strict=True)}
            elif limited := _ONE_OF.search(definition):
                table.words[limited[1]] = limited[2]
        for link, target in undeclared.items():
            owner, column = link.split(".")
            if owner == name:
                table.links[column] = target
        found[name] = table
    return found


def held_tables(tables: dict[str, Table]) -> set[str]:
    """Those with an `account_id`, and those from which links lead to one."""
    held = {name for name, table in tables.items() if table.has_account}
    while more := {
        name for name, table in tables.items() if name not in held and held & {link[0] for link in table.links.values()}
    }:
        held |= more
    return held


class Filler:
    """Fills tables with rows of one account, each text of which holds `mark`.

    :param given: values by `table.column`, or what makes them, for what cannot be guessed.
    """

    def __init__(
        self, connection: psycopg.Connection, tables: dict[str, Table], account_id: UUID, mark: str,
        given: dict[str, Any],
    ) -> None:  # fmt: skip
        self._connection, self._tables, self._account_id = connection, tables, account_id
        self._mark, self._given = mark, given
        self.rows: dict[str, dict[str, Any]] = {}

    def fill(self, name: str) -> dict[str, Any]:
        """The account's row of the table; made now, with those that it points to, unless it is there."""
        if name not in self.rows:
            table = self._tables[name]
            values = {column: self._value(table, column) for column in table.types}
            columns, places = zip(*((column, value) for column, value in values.items()), strict=True)
            statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                sql.Identifier(name),
                sql.SQL(", ").join(map(sql.Identifier, columns)),
                sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
            )
            try:
                self._connection.execute(statement, places)
            except psycopg.Error as error:
                raise AssertionError(f"no row could be made for {name}: say more in GIVEN: {error}") from error
            self.rows[name] = values
        return self.rows[name]

    def _value(self, table: Table, column: str) -> Any:
        at = f"{table.name}.{column}"
        if at in self._given:
            given = self._given[at]
            return given() if callable(given) else given
        if column == "account_id":
            return self._account_id
        if column in table.links and table.links[column][0] != table.name:
            target, target_column = table.links[column]
            return self.fill(target)[target_column]
        if column in table.words:
            return table.words[column]
        return self._by_type(table.types[column], column)

    def _by_type(self, kind: str, column: str) -> Any:
        text = f"{self._mark}-{column}"
        if kind.startswith("_"):
            return [self._by_type(kind[1:], column)]
        if kind in ("varchar", "text", "bpchar"):
            return text
        makers: dict[str, Any] = {
            "uuid": uuid4(), "bytea": text.encode(), "jsonb": Jsonb({"a": text}), "bool": False, "inet": "192.0.2.1",
            "timestamptz": datetime.now(UTC), "timestamp": datetime.now(UTC).replace(tzinfo=None),
            "date": datetime.now(UTC).date(), "interval": timedelta(1),
        }  # fmt: skip
        return makers.get(kind, 1)


def marked_columns(connection: psycopg.Connection, table: str, mark: str) -> set[str]:
    """Columns of the table in which the mark still stands, in whatever row."""
    found: set[str] = set()
    for (row,) in connection.execute(sql.SQL("SELECT to_jsonb(t) FROM {} t").format(sql.Identifier(table))):
        found |= {column for column, value in row.items() if mark in _readable(value)}
    return found


def _readable(value: Any) -> str:
    """As text; bytes, which JSON shows as `\\x…`, as what they spell."""
    if isinstance(value, str) and value.startswith("\\x"):
        return bytes.fromhex(value[2:]).decode("utf-8", "replace")
    return str(value)
