"""The staging table of one import: rows of the file, read and normalised, waiting to be merged.

It is UNLOGGED: a crash of PostgreSQL empties it, the job sees that and reads the file again. Names of tables and
columns here are our own, made from ids and fixed lists, never from a customer's words.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import cursor_of
from contacts.domain.columns import BUILT_IN, MODIFIED

_TYPES = {"birth_date": "date", "sms_consent": "boolean", "email_consent": "boolean", MODIFIED: "timestamptz"}
KEYS = ("email", "phone", "external_id")


def name_of(import_id: UUID) -> str:
    return f"import_{import_id.hex}"


def create(session: Session, import_id: UUID, custom: int) -> None:
    """An empty staging table with `custom` columns `c0…` for custom fields, in place of any old one."""
    fields = [
        f"{name} {_TYPES.get(name, 'text')}" + (' COLLATE "C"' if name in KEYS else "")
        for name in (*BUILT_IN, MODIFIED)
    ]
    columns = ["row_number bigint", 'key text COLLATE "C"', *fields, *(f"c{at} text" for at in range(custom))]
    drop(session, import_id)
    session.execute(text(f"CREATE UNLOGGED TABLE {name_of(import_id)} ({', '.join(columns)})"))


def drop(session: Session, import_id: UUID) -> None:
    session.execute(text(f"DROP TABLE IF EXISTS {name_of(import_id)}"))


def count(session: Session, import_id: UUID) -> int | None:
    """Rows in the table; None where there is no table."""
    if session.scalar(text("SELECT to_regclass(:name)"), {"name": name_of(import_id)}) is None:
        return None
    return int(session.scalar(text(f"SELECT count(*) FROM {name_of(import_id)}")) or 0)


def copy(session: Session, import_id: UUID, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """COPY staged rows in CSV form: the `csv` module writes it in C, and None becomes NULL."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    statement = f"COPY {name_of(import_id)} (row_number, key, {', '.join(columns)}) FROM STDIN (FORMAT csv)"
    with cursor_of(session) as cursor, cursor.copy(statement) as into:
        into.write(written.getvalue())


def index(session: Session, import_id: UUID) -> None:
    name = name_of(import_id)
    session.execute(text("SET LOCAL maintenance_work_mem = '128MB'"))
    session.execute(text(f"CREATE INDEX {name}_key ON {name} (key)"))
    session.execute(text(f"ANALYZE {name} (key)"))


_REFUSED = """
CREATE TEMP TABLE refused ON COMMIT DROP AS
SELECT s.row_number, 'email.archived' AS code FROM {stage} s JOIN archive a ON a.account_id = :account
    AND a.channel = 'email' AND a.address = s.email AND a.restored_at IS NULL
UNION ALL
SELECT s.row_number, 'phone.archived' FROM {stage} s JOIN archive a ON a.account_id = :account
    AND a.channel = 'sms' AND a.address = s.phone AND a.restored_at IS NULL
UNION ALL
SELECT s.row_number, 'email.erased' FROM {stage} s JOIN accounts o ON o.account_id = :account JOIN erased e
    ON e.account_id = :account AND e.hash = sha256(o.hash_salt || convert_to(s.email, 'UTF8'))
UNION ALL
SELECT s.row_number, 'phone.erased' FROM {stage} s JOIN accounts o ON o.account_id = :account JOIN erased e
    ON e.account_id = :account AND e.hash = sha256(o.hash_salt || convert_to(s.phone, 'UTF8'))
"""


def refuse_archived(session: Session, import_id: UUID, account_id: UUID, keys: Sequence[str], *, reject: bool) -> None:
    """Take archived and erased addresses out of the staged rows; a row left with no address is rejected.

    :param keys: the address fields in the order in which they tell who a row is.
    :param reject: reject every row that held one, whatever else it holds.
    """
    stage = name_of(import_id)
    parameters = {"account": account_id, "import": import_id, "reject": reject}
    known = text(
        "SELECT EXISTS (SELECT 1 FROM archive WHERE account_id = :account AND restored_at IS NULL)"
        " OR EXISTS (SELECT 1 FROM erased WHERE account_id = :account)"
    )
    if not session.scalar(known, parameters):
        return
    session.execute(text(_REFUSED.format(stage=stage)), parameters)
    for address in ("email", "phone"):
        session.execute(
            text(
                f"UPDATE {stage} s SET {address} = NULL FROM refused r"
                f" WHERE r.row_number = s.row_number AND r.code LIKE '{address}.%'"
            )
        )
    key = f"coalesce('0' || {keys[0]}, '1' || {keys[1]}, '2' || {keys[2]})"
    session.execute(
        text(f"UPDATE {stage} SET key = {key} WHERE row_number IN (SELECT row_number FROM refused)"), parameters
    )
    session.execute(
        text(
            f"""
            WITH lost AS (DELETE FROM {stage} WHERE row_number IN (SELECT row_number FROM refused)
                AND (:reject OR key IS NULL) RETURNING row_number)
            INSERT INTO import_problems (import_id, row_number, rejected, code)
            SELECT DISTINCT :import, r.row_number, l.row_number IS NOT NULL, r.code
                FROM refused r LEFT JOIN lost l ON l.row_number = r.row_number
            ON CONFLICT DO NOTHING
            """
        ),
        parameters,
    )


def add_problems(session: Session, import_id: UUID, problems: Iterable[tuple[int, bool, str]]) -> None:
    rows = list(problems)
    if not rows:
        return
    session.execute(
        text(
            "INSERT INTO import_problems (import_id, row_number, rejected, code)"
            " SELECT CAST(:import AS uuid), * FROM unnest(CAST(:rows AS bigint[]), CAST(:rejected AS boolean[]),"
            " CAST(:codes AS text[])) ON CONFLICT DO NOTHING"
        ),
        {
            "import": import_id,
            "rows": [row for row, _, _ in rows],
            "rejected": [rejected for _, rejected, _ in rows],
            "codes": [code for _, _, code in rows],
        },
    )


def problem_counts(session: Session, import_id: UUID) -> dict[str, int]:
    """Rows by code, and under `rejected` and `warnings` the number of rows of either kind."""
    rows = session.execute(
        text("SELECT code, count(*) FROM import_problems WHERE import_id = :import GROUP BY 1"), {"import": import_id}
    ).all()
    totals = session.execute(
        text(
            "SELECT count(*) FILTER (WHERE bad), count(*) FILTER (WHERE NOT bad) FROM ("
            "SELECT bool_or(rejected) AS bad FROM import_problems WHERE import_id = :import GROUP BY row_number) rows"
        ),
        {"import": import_id},
    ).one()
    return {**{row[0]: row[1] for row in rows}, "rejected": totals[0], "warnings": totals[1]}


def problems_after(session: Session, import_id: UUID, row: int, limit: int) -> list[tuple[int, bool, list[str]]]:
    """The next rows with problems: number, whether rejected, codes."""
    found = session.execute(
        text(
            "SELECT row_number, bool_or(rejected), array_agg(code ORDER BY code) FROM import_problems"
            " WHERE import_id = :import AND row_number > :row GROUP BY 1 ORDER BY 1 LIMIT :limit"
        ),
        {"import": import_id, "row": row, "limit": limit},
    ).all()
    return [(number, rejected, codes) for number, rejected, codes in found]
