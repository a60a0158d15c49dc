"""Which keys secrets at rest are under, and putting all under the first: `python -m chassis.resealing SERVICE`.

Rotation of `WICI_SECRET_KEYS`: put a new key first and roll out; run this with `--write` for each service; without it,
it then says that no other key is used; take the old one out. It looks at the columns that the service says to be sealed
(`SEALED` of its `config`; a test of all services keeps that whole), page by page, and changes a row only if it still
has what was read: it may run beside the service, and twice.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from chassis.config import ConfigError, load, setting
from chassis.migrate import database_key
from chassis.secrets import SecretError, Vault, key_ring

ROWS_AT_ONCE = 500
_KEY_NAME = re.compile(rb"[A-Za-z0-9_.-]{1,32}:")

_PRIMARY_KEY = """
SELECT k.attname FROM pg_index i JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = ANY(i.indkey)
WHERE i.indrelid = %s::regclass AND i.indisprimary ORDER BY array_position(i.indkey::int[], k.attnum::int)
"""


@dataclass(frozen=True, kw_only=True)
class _Config:
    secret_keys: str = setting("WICI_SECRET_KEYS", secret=True)


@dataclass
class Found:
    """A sealed column: how many secrets under each key, by its name; `strange` cannot be opened with the ring."""

    place: str
    by_key: Counter[str]
    strange: int = 0
    resealed: int = 0


class _Column:
    """One sealed column, as SQL sees it."""

    def __init__(self, connection: psycopg.Connection[Any], place: str) -> None:
        table, _, column = place.partition(".")
        keys = [row[0] for row in connection.execute(_PRIMARY_KEY, [table]).fetchall()]
        self._names = {
            "table": sql.Identifier(table),
            "column": sql.Identifier(column),
            "keys": sql.SQL(", ").join(map(sql.Identifier, keys)),
            "marks": sql.SQL(", ").join(sql.Placeholder() * len(keys)),
        }

    def page(self, connection: psycopg.Connection[Any], after: Sequence[Any] | None) -> list[tuple[Any, ...]]:
        """Rows behind the one with the key `after`, by key: the key's values, then the secret."""
        behind = "" if after is None else "AND ({keys}) > ({marks})"
        query = "SELECT {keys}, {column} FROM {table} WHERE {column} IS NOT NULL " + behind
        given = sql.SQL(query + " ORDER BY {keys} LIMIT {most}").format(**self._names, most=sql.Literal(ROWS_AT_ONCE))
        return connection.execute(given, after).fetchall()

    def replace(self, connection: psycopg.Connection[Any], key: Sequence[Any], old: bytes, new: bytes) -> bool:
        """Whether the row still had `old`."""
        update = "UPDATE {table} SET {column} = %s WHERE ({keys}) = ({marks}) AND {column} = %s"
        return connection.execute(sql.SQL(update).format(**self._names), (new, *key, old)).rowcount == 1


def sealed_columns(service: str) -> tuple[str, ...]:
    """`table.column` of each, as the service's `config` says; none where the service keeps no secrets.

    :raises ConfigError: there is no such service.
    """
    try:
        return tuple(getattr(importlib.import_module(f"{service}.config"), "SEALED", ()))
    except ModuleNotFoundError:
        raise ConfigError(f"{service} has no configuration here") from None


def reseal(connection: psycopg.Connection[Any], places: Sequence[str], keys: str, *, write: bool) -> list[Found]:
    """Those of the columns that hold secrets; with `write`, what was under another key than the first is under it then.

    A page is a transaction of its own, so that the service waits for no row for long.
    """
    found = []
    for place in places:
        column, each, after = _Column(connection, place), Found(place, Counter()), None
        while rows := column.page(connection, after):
            for *key, value in rows:
                _look_at(connection, column, each, keys, key, value, write=write)
            connection.commit()
            after = rows[-1][:-1]
        if each.by_key:
            found.append(each)
    connection.commit()
    return found


def _look_at(
    connection: psycopg.Connection[Any],
    column: _Column,
    found: Found,
    keys: str,
    row_key: Sequence[Any],
    value: bytes,
    *,
    write: bool,
) -> None:
    vault, current = Vault(keys), next(iter(key_ring(keys)))
    name = value.partition(b":")[0].decode() if _KEY_NAME.match(value) else "no key"
    try:
        secret = vault.decrypt(value)
    except SecretError:
        found.strange += 1
        found.by_key[name] += 1
        return
    if name != current and write and column.replace(connection, row_key, value, vault.encrypt(secret)):
        found.resealed += 1
        name = current
    found.by_key[name] += 1


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m chassis.resealing", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("service", help="package name, such as sms_gateway")
    parser.add_argument("--write", action="store_true", help="put all under the first key")
    options = parser.parse_args(arguments)
    url = os.environ.get(database_key(options.service))
    if not url:
        sys.stderr.write(f"needed is {database_key(options.service)}\n")
        return 2
    try:
        keys = load(_Config, os.environ).secret_keys
        current = next(iter(key_ring(keys)))
        places = sealed_columns(options.service)
        with psycopg.connect(url) as connection:
            found = reseal(connection, places, keys, write=options.write)
    except (ConfigError, SecretError, psycopg.OperationalError, psycopg.ProgrammingError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for each in found:
        counts = ", ".join(f"{count} under {name}" for name, count in sorted(each.by_key.items()))
        more = f", {each.resealed} of them resealed now" if each.resealed else ""
        strange = f", {each.strange} cannot be opened with these keys" if each.strange else ""
        sys.stdout.write(f"{each.place}: {counts}{more}{strange}\n")
    others = sorted({name for each in found for name in each.by_key} - {current})
    sys.stdout.write(f"still used besides {current}: {', '.join(others)}\n" if others else f"only {current} is used\n")
    return 1 if others or any(each.strange for each in found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
