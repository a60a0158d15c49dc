"""What an import refuses and why: archived and erased addresses, and the problems of its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis import erasures
from chassis.database import columns
from contacts.store import people
from contacts.store.staging import PENDING, key_of, name_of, pending_parameters, rest_of

_REFUSED = """
CREATE TEMP TABLE refused ON COMMIT DROP AS
SELECT s.row_number, 'email.archived' AS code FROM {stage} s JOIN archive a ON a.account_id = :account
    AND a.channel = 'email' AND a.address = s.email AND a.restored_at IS NULL
UNION ALL
SELECT s.row_number, 'phone.archived' FROM {stage} s JOIN archive a ON a.account_id = :account
    AND a.channel = 'sms' AND a.address = s.phone AND a.restored_at IS NULL
UNION ALL
SELECT DISTINCT s.row_number, s.address || '.erased'
    FROM (SELECT row_number, 'email' AS address, email AS value FROM {stage} s
        UNION ALL SELECT row_number, 'phone', phone FROM {stage} s) s
    CROSS JOIN unnest(CAST(:inner AS bytea[]), CAST(:outer AS bytea[])) AS pad (inside, outside)
    JOIN erased e ON e.account_id = :account
        AND e.hash = sha256(pad.outside || sha256(pad.inside || convert_to(s.value, 'UTF8')))
UNION
SELECT s.row_number, s.address || '.erased'
    FROM (SELECT row_number, 'email' AS address, email AS value FROM {stage} s
        UNION ALL SELECT row_number, 'phone', phone FROM {stage} s) s
    JOIN erased e ON e.account_id = :account
        AND e.hash = sha256(CAST(:former_salt AS bytea) || convert_to(s.value, 'UTF8'))
"""
_NOTE_REFUSED = """
WITH lost AS (DELETE FROM {stage} WHERE row_number IN (SELECT row_number FROM refused)
    AND (:reject OR num_nonnulls(email, phone, external_id) = 0) RETURNING row_number)
INSERT INTO import_problems (import_id, row_number, rejected, code)
SELECT DISTINCT :import, r.row_number, l.row_number IS NOT NULL, r.code
    FROM refused r LEFT JOIN lost l ON l.row_number = r.row_number
ON CONFLICT DO NOTHING
"""


def _pads(account_id: UUID) -> dict[str, list[bytes]]:
    """What HMAC-SHA256 (RFC 2104) puts before message and digest, for each of the account's keys: so that PostgreSQL
    computes the marks of a million rows by itself."""
    keys = [key.ljust(64, b"\0") for key in erasures.account_keys(account_id)]
    pads = {"inner": 0x36, "outer": 0x5C}
    return {name: [bytes(byte ^ pad for byte in key) for key in keys] for name, pad in pads.items()}


def refuse(
    session: Session,
    import_id: UUID,
    account_id: UUID,
    keys: Sequence[str],
    *,
    reject: bool,
    lanes: Sequence[int],
    size: int,
    after: str,
) -> None:
    """Take archived and erased addresses out of the rows still to come; a row left with no address is rejected.

    :param keys: the address fields in the order in which they tell who a row is. A row that loses one gets a later key
        than it had, so that this may be done again while the rest is being merged in the order of keys.
    :param reject: reject every row that held one, whatever else it holds.
    :param lanes: slices of `size` rows that each lane has added; `after`: the last key that was merged.
    """
    parameters: dict[str, Any] = {
        "account": account_id, "import": import_id, "reject": reject, "after": after, **pending_parameters(lanes, size)
    }  # fmt: skip
    known = text(
        "SELECT EXISTS (SELECT 1 FROM archive WHERE account_id = :account AND restored_at IS NULL)"
        " OR EXISTS (SELECT 1 FROM erased WHERE account_id = :account)"
    )
    if not session.scalar(known, parameters):
        return
    salt = people.former_salt(session, account_id=account_id)
    parameters |= {**_pads(account_id), "former_salt": salt}
    stage, rest = name_of(import_id), rest_of(import_id)
    _refuse_in(session, stage, PENDING, parameters)
    _refuse_in(session, rest, "s.key > :after", parameters, keys)


def _refuse_in(
    session: Session, table: str, pending: str, parameters: dict[str, Any], keys: Sequence[str] | None = None
) -> None:
    """The same in one of the two tables. :param keys: given for the rest, where a row that loses an address may get
    another key."""
    session.execute(text(_REFUSED.format(stage=f"(SELECT s.* FROM {table} s WHERE {pending})")), parameters)
    for address in ("email", "phone"):
        session.execute(
            text(
                f"UPDATE {table} s SET {address} = NULL FROM refused r"
                f" WHERE r.row_number = s.row_number AND r.code LIKE '{address}.%'"
            )
        )
    if keys is not None:
        session.execute(
            text(
                f"UPDATE {table} SET key = {key_of(keys)} WHERE row_number IN (SELECT row_number FROM refused)"
                f" AND {key_of(keys)} IS NOT NULL"
            )
        )
    session.execute(text(_NOTE_REFUSED.format(stage=table)), parameters)
    session.execute(text("DROP TABLE refused"))


def erased_mark(session: Session, account_id: UUID) -> str:
    """Changes whenever somebody of the account is erased."""
    return str(
        session.scalar(
            text(
                "SELECT count(*) || ':' || coalesce(sum(hashtextextended(e::text, 0)), 0) FROM erased e"
                " WHERE account_id = :account"
            ),
            {"account": account_id},
        )
    )


def add_problems(session: Session, import_id: UUID, problems: Iterable[tuple[int, bool, str]]) -> None:
    numbers, rejected, codes = columns(problems, 3)
    if not numbers:
        return
    session.execute(
        text(
            "INSERT INTO import_problems (import_id, row_number, rejected, code)"
            " SELECT CAST(:import AS uuid), * FROM unnest(CAST(:rows AS bigint[]), CAST(:rejected AS boolean[]),"
            " CAST(:codes AS text[])) ON CONFLICT DO NOTHING"
        ),
        {"import": import_id, "rows": numbers, "rejected": rejected, "codes": codes},
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
    rows = session.execute(
        text(
            "SELECT row_number, bool_or(rejected), array_agg(code ORDER BY code) FROM import_problems"
            " WHERE import_id = :import AND row_number > :row GROUP BY 1 ORDER BY 1 LIMIT :limit"
        ),
        {"import": import_id, "row": row, "limit": limit},
    ).all()
    return [(number, rejected, codes) for number, rejected, codes in rows]
