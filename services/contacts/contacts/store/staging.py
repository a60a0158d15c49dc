"""The staging tables of one import: rows of the file, read and normalised, on their way into contacts.

- `import_…`, every row. UNLOGGED: a crash of PostgreSQL empties it, the job sees that and reads the file again.
- `import_…_rest`, the rows that cannot simply be added: they are merged one key after another. It is logged, so that
  what has been sorted out stays so.

Names of tables and columns here are our own, made from ids and fixed lists, never from a customer's words.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import cursor_of
from contacts.domain.columns import ADDRESS_FIELDS, BUILT_IN, CONSENT_FIELDS, CONSENTED, MODIFIED
from contacts.domain.rows import Column, Staged

_TYPES = {
    **dict.fromkeys(CONSENT_FIELDS, "boolean"),
    "birth_date": "date", MODIFIED: "timestamptz", CONSENTED: "timestamptz",
}  # fmt: skip
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def name_of(import_id: UUID) -> str:
    return f"import_{import_id.hex}"


def rest_of(import_id: UUID) -> str:
    return f"{name_of(import_id)}_rest"


def key_of(keys: Sequence[str]) -> str:
    """SQL of who a row is: its first address in the order of `keys`, under the place of that kind."""
    return f"coalesce('0' || {keys[0]}, '1' || {keys[1]}, '2' || {keys[2]})"


def value_columns(custom: int, consents: Sequence[str] = CONSENT_FIELDS) -> list[str]:
    """Values of a staged row, `c0…` being the custom fields.

    :param consents: those of them that the file says anything of: the others are empty, and cost every statement.
    """
    built_in = (name for name in BUILT_IN if name not in CONSENT_FIELDS or name in consents)
    return [*built_in, MODIFIED, CONSENTED, *(f"c{at}" for at in range(custom))]


def create(session: Session, import_id: UUID, custom: int, *, rest: bool) -> None:
    """An empty table for the rows, in place of any old one; with `rest`, one for the rest too."""
    typed = [
        f"{name} {_TYPES.get(name, 'text')}" + (' COLLATE "C"' if name in ADDRESS_FIELDS else "")
        for name in value_columns(custom)
    ]
    columns = ", ".join(["row_number bigint", *typed])
    session.execute(text(f"DROP TABLE IF EXISTS {name_of(import_id)}"))
    session.execute(text(f"CREATE UNLOGGED TABLE {name_of(import_id)} ({columns})"))
    if rest:
        session.execute(text(f"DROP TABLE IF EXISTS {rest_of(import_id)}"))
        session.execute(text(f'CREATE TABLE {rest_of(import_id)} (key text COLLATE "C", {columns})'))
        session.execute(text(f"CREATE INDEX {rest_of(import_id)}_row ON {rest_of(import_id)} (row_number)"))


def drop(session: Session, import_id: UUID) -> None:
    for name in (name_of(import_id), rest_of(import_id)):
        session.execute(text(f"DROP TABLE IF EXISTS {name}"))


def count(session: Session, import_id: UUID) -> int | None:
    """Rows staged; None where there is no table."""
    if session.scalar(text("SELECT to_regclass(:name)"), {"name": name_of(import_id)}) is None:
        return None
    return int(session.scalar(text(f"SELECT count(*) FROM {name_of(import_id)}")) or 0)


def copy(session: Session, import_id: UUID, names: Sequence[str], staged: Staged) -> None:
    """COPY columns of staged rows in PostgreSQL's text form; an empty value is NULL.

    Text is written a column at a time: joining strings is the cheapest thing Python does, and no row is made.
    """
    cells = [map(str, staged.numbers), *(_escaped(column) for column in staged.columns)]
    lines = "\n".join(map("\t".join, zip(*cells, strict=True)))
    statement = f"COPY {name_of(import_id)} (row_number, {', '.join(names)}) FROM STDIN (NULL '')"
    with cursor_of(session) as cursor, cursor.copy(statement) as into:
        into.write(f"{lines}\n".encode())


def _escaped(column: Column) -> Column:
    together = "".join(column)
    if together.isprintable() and "\\" not in together:
        return column
    return [value.translate(_ESCAPES) for value in column]


def index(session: Session, import_id: UUID) -> None:
    name = name_of(import_id)
    session.execute(text("SET LOCAL maintenance_work_mem = '128MB'"))
    session.execute(text(f"CREATE INDEX IF NOT EXISTS {name}_row ON {name} (row_number)"))
    session.execute(text(f"ANALYZE {name} (row_number)"))


def index_rest(session: Session, import_id: UUID) -> None:
    name = rest_of(import_id)
    session.execute(text("SET LOCAL maintenance_work_mem = '128MB'"))
    session.execute(text(f"CREATE INDEX IF NOT EXISTS {name}_key ON {name} (key)"))
    session.execute(text(f"ANALYZE {name} (key)"))


# SQL of whether a row `s` is still to come: of slices of :size rows, each lane adds every :many-th.
PENDING = "(s.row_number - 1) / :size / :many >= (CAST(:lanes AS integer[]))[1 + ((s.row_number - 1) / :size) % :many]"


def pending_parameters(lanes: Sequence[int], size: int) -> dict[str, object]:
    """:param lanes: how many slices each lane has added."""
    return {"lanes": list(lanes), "many": len(lanes), "size": size}


def last_row(session: Session, import_id: UUID) -> int:
    return int(session.scalar(text(f"SELECT max(row_number) FROM {name_of(import_id)}")) or 0)


def keys_of_rest(session: Session, import_id: UUID) -> list[tuple[int, str]]:
    """Number and key of every row of the rest, the rows of one key in their order."""
    rows = session.execute(text(f"SELECT row_number, key FROM {rest_of(import_id)} ORDER BY key, row_number"))
    return [(number, key) for number, key in rows]
