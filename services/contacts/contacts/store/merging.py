"""Merging the rest of an import into contacts: set-based, in the order of identity keys.

The rows of one key are one person. Keys are merged in code-point order, slice by slice, so the result is a function of
the set of rows and the base, not of the order of the file. Among rows of one key the newest non-empty value stays (by
the file's own time of change, where it has one); among equally new ones the longest, else the greatest; of consents the
latest act (`consent_sql`).

A slice goes through `_resolve`, in rounds: a key takes part once no smaller one wants the same address or the same
contact. Where the plan's limit kept `adding` from it, one INSERT first adds the people who collide with nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import changed
from contacts.domain.rows import BadValues
from contacts.store import consent_sql, leavers, people
from contacts.store.adding import room_of
from contacts.store.merge_sql import (
    Merge,
    assignments,
    contact_columns,
    contact_values,
    custom_object,
    differs,
    id_of_row,
    of_one_row,
    of_several_rows,
    parameters_of,
)


@dataclass
class Tally:
    """What became of the rows of a slice; adds up to the rows that it held."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    merged: int = 0
    rejected: int = 0
    problems: int = 0  # noted, which are no rows

    def add(self, other: Tally) -> None:
        self.added += other.added
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.merged += other.merged
        self.rejected += other.rejected

    @property
    def rows(self) -> int:
        return self.added + self.updated + self.unchanged + self.merged + self.rejected


def merge_slice(
    session: Session, merge: Merge, after: str, size: int, outcome_by_key: dict[str, str] | None = None
) -> tuple[str, Tally] | None:
    """Merge the next `size` keys of the rest after `after`; None where there are no more.

    :param outcome_by_key: filled with what became of each key, where it is given.
    :returns: the last key, and what became of the rows.
    """
    upto = session.scalar(
        text(f"SELECT max(key) FROM (SELECT key FROM {merge.rest} WHERE key > :after ORDER BY key LIMIT :size) s"),
        {"after": after, "size": size},
    )
    if upto is None:
        return None
    bounds = {**parameters_of(merge), "after": after, "upto": upto}
    tally = Tally()
    # A slice of ten thousand rows, held three times over, stays in memory and out of temporary files.
    session.execute(text("SET LOCAL work_mem = '64MB'"))
    room = _lock_account(session, merge.account_id)
    rows = int(session.scalar(text(f"SELECT count(*) FROM {merge.rest} WHERE {_BOUNDS}"), bounds) or 0)
    if merge.add_first and (room is None or room >= rows):
        tally.added = int(session.scalar(text(_insert_new(merge)), bounds) or 0)
    if rows > tally.added:
        left = _take_slice(session, merge, bounds)
        while left > 0:
            left -= _resolve(session, merge, tally, _lock_account(session, merge.account_id), outcome_by_key)
        session.execute(text("DROP TABLE slice"))
    return str(upto), tally


def _lock_account(session: Session, account_id: UUID) -> int | None:
    """How many more contacts the account may hold; None for any number. Other writers of contacts wait from here."""
    people.lock_account(session, account_id=account_id)
    return room_of(session, account_id)


_BOUNDS = "key > :after AND key <= :upto"


def _rows(merge: Merge) -> str:
    return f"""
        SELECT *, {id_of_row("row_number")} AS id,
            lag(key) OVER by_key IS DISTINCT FROM key AND lead(key) OVER by_key IS DISTINCT FROM key AS single
        FROM {merge.rest} WHERE {_BOUNDS} WINDOW by_key AS (ORDER BY key, row_number)
    """


def _insert_new(merge: Merge) -> str:
    """Insert the people who have one row and collide with nobody, in the order of keys."""
    return f"""
        WITH r AS MATERIALIZED ({_rows(merge)}),
        new AS (
            INSERT INTO contacts ({contact_columns(merge)})
            SELECT {contact_values(merge, "r", custom_object(merge))} FROM r WHERE single ORDER BY key
            ON CONFLICT DO NOTHING RETURNING id, email),
        joined AS (
            INSERT INTO group_members (group_id, contact_id, account_id)
            SELECT g.id, new.id, :account FROM new CROSS JOIN groups g
            WHERE g.account_id = :account AND g.id = ANY(CAST(:groups AS uuid[]))
            AND {leavers.not_left("g.id", "new.id", "new.email")})
        SELECT count(*) FROM new
    """


def _take_slice(session: Session, merge: Merge, bounds: Mapping[str, object]) -> int:
    """The temporary table `slice`: one row a key, of the people who have not been inserted. Returns how many."""
    return changed(
        session,
        f"""
            CREATE TEMP TABLE slice AS
            WITH r AS MATERIALIZED ({_rows(merge)}),
                 people AS (
                    SELECT r.id, r.key, 1::bigint AS rows, {of_one_row(merge)} FROM r
                    WHERE single AND NOT EXISTS (SELECT 1 FROM contacts c WHERE c.account_id = :account AND c.id = r.id)
                    UNION ALL
                    SELECT (array_agg(r.id ORDER BY r.id))[1], r.key, count(*), {of_several_rows(merge)} FROM r
                    WHERE NOT single GROUP BY r.key)
            SELECT {custom_object(merge)} AS custom, people.* FROM people
            """,
        **bounds,
    )


def _resolve(
    session: Session, merge: Merge, tally: Tally, room: int | None, outcome_by_key: dict[str, str] | None
) -> int:
    """One round over what is left of the slice; returns how many keys it settled (at least one)."""
    _decide(session, merge, room)
    parameters = parameters_of(merge)
    tally.problems += _note_problems(session, merge, parameters)
    inserted = text(
        f"INSERT INTO contacts ({contact_columns(merge)})"
        f" SELECT {contact_values(merge, 'd', 'd.custom', is_folded=True)} FROM decided d"
        " WHERE d.turn AND d.verdict = 'add' ORDER BY d.key"
    )
    session.execute(inserted, parameters)
    session.execute(
        text(
            f"WITH changed AS (UPDATE contacts c SET {assignments(merge)}, import_id = :import, updated_at = now()"
            " FROM decided d WHERE c.id = d.match AND c.account_id = :account AND d.turn AND d.verdict = 'update'"
            f" AND ({differs(merge)}) RETURNING d.key)"
            " UPDATE decided SET changed = true FROM changed WHERE decided.key = changed.key"
        ),
        parameters,
    )
    if merge.groups:
        session.execute(
            text(
                "INSERT INTO group_members (group_id, contact_id, account_id)"
                " SELECT g.id, c.id, :account FROM decided d CROSS JOIN groups g"
                " JOIN contacts c ON c.account_id = :account AND c.id = coalesce(d.match, d.id)"
                " WHERE g.account_id = :account AND g.id = ANY(CAST(:groups AS uuid[]))"
                f" AND d.turn AND d.verdict <> 'reject' AND {leavers.not_left('g.id', 'c.id', 'c.email')}"
                " ON CONFLICT DO NOTHING"
            ),
            parameters,
        )
    settled = _count(session, tally)
    if outcome_by_key is not None:
        outcome_by_key.update((key, outcome) for key, outcome in session.execute(text(_OUTCOMES)))
    session.execute(text("DELETE FROM slice s USING decided d WHERE d.turn AND s.key = d.key"))
    session.execute(text("DROP TABLE decided"))
    return settled


def _decide(session: Session, merge: Merge, room: int | None) -> None:
    """The temporary table `decided`: who each key is in the base, which of its addresses are another's, and whether it
    is its turn."""
    session.execute(text("ANALYZE slice (key)"))
    session.execute(
        text(f"CREATE TEMP TABLE decided AS {_decisions(merge)}"),
        {
            "account": merge.account_id,
            "import": merge.import_id,
            "reject": merge.bad_values is BadValues.REJECT,
            "room": 2**62 if room is None else room,
        },
    )


def _decisions(merge: Merge) -> str:
    key, second, third = merge.keys
    held_back = "".join(
        f", {consent_sql.is_held_back(name, merge.precedence, new='o', old='m')} AS {name}_held_back"
        for name in merge.consents
    )
    owners = f"""
        SELECT s.*, ck.id AS by_key, c1.id AS owner1, c2.id AS owner2,
            CASE WHEN ck.id IS NOT NULL THEN ck.id
                 WHEN s.{key} IS NOT NULL THEN CASE WHEN c1.id IS NOT NULL AND c1.{key} IS NULL THEN c1.id
                                                    WHEN c2.id IS NOT NULL AND c2.{key} IS NULL THEN c2.id END
                 ELSE coalesce(c1.id, c2.id) END AS match
        FROM slice s
        LEFT JOIN contacts ck ON ck.account_id = :account AND ck.{key} = s.{key}
        LEFT JOIN contacts c1 ON c1.account_id = :account AND c1.{second} = s.{second}
        LEFT JOIN contacts c2 ON c2.account_id = :account AND c2.{third} = s.{third}"""
    return f"""
        WITH owners AS MATERIALIZED ({owners}),
        turns AS (
            SELECT o.*, m.import_id IS NOT DISTINCT FROM :import AS seen{held_back},
                o.owner1 IS NOT NULL AND o.owner1 IS DISTINCT FROM o.match AS taken1,
                o.owner2 IS NOT NULL AND o.owner2 IS DISTINCT FROM o.match AS taken2,
                (o.match IS NULL OR row_number() OVER (PARTITION BY o.match ORDER BY o.key) = 1)
                AND (o.{second} IS NULL OR o.owner1 IS NOT NULL
                     OR row_number() OVER (PARTITION BY o.{second}, o.owner1 ORDER BY o.key) = 1)
                AND (o.{third} IS NULL OR o.owner2 IS NOT NULL
                     OR row_number() OVER (PARTITION BY o.{third}, o.owner2 ORDER BY o.key) = 1) AS turn
            FROM owners o LEFT JOIN contacts m ON m.account_id = :account AND m.id = o.match),
        verdicts AS (
            SELECT t.*, CASE WHEN :reject AND (taken1 OR taken2) THEN 'reject'
                             WHEN match IS NULL THEN 'add' ELSE 'update' END AS wish FROM turns t),
        ranked AS (
            SELECT v.*, row_number() OVER (PARTITION BY turn, wish ORDER BY key) AS place FROM verdicts v)
        SELECT ranked.*, false AS changed, wish = 'add' AND place > :room AS over,
            CASE WHEN wish = 'add' AND place > :room THEN 'reject' ELSE wish END AS verdict FROM ranked
    """


def _note_problems(session: Session, merge: Merge, parameters: dict[str, object]) -> int:
    """Record why values or rows are refused, and take the refused values out; returns how many were noted."""
    _, second, third = merge.keys
    noted = 0
    for address, taken in ((second, "taken1"), (third, "taken2")):
        noted += changed(
            session,
            f"INSERT INTO import_problems (import_id, row_number, rejected, code)"
            f" SELECT :import, r.row_number, d.verdict = 'reject', '{address}.taken' FROM decided d"
            f" JOIN {merge.rest} r ON r.key = d.key AND (d.verdict = 'reject' OR r.{address} = d.{address})"
            f" WHERE d.turn AND d.{taken} AND NOT d.over ON CONFLICT DO NOTHING",
            **parameters,
        )
        session.execute(text(f"UPDATE decided SET {address} = NULL WHERE turn AND {taken}"))
    for name in merge.consents:
        noted += changed(
            session,
            f"INSERT INTO import_problems (import_id, row_number, rejected, code)"
            f" SELECT :import, r.row_number, false, '{name}.refused' FROM decided d"
            f" JOIN {merge.rest} r ON r.key = d.key AND r.{name}"
            f" WHERE d.turn AND d.verdict = 'update' AND d.{name}_held_back ON CONFLICT DO NOTHING",
            **parameters,
        )
    return noted + changed(
        session,
        "INSERT INTO import_problems (import_id, row_number, rejected, code)"
        " SELECT :import, r.row_number, true, 'plan.contact_limit'"
        f" FROM decided d JOIN {merge.rest} r ON r.key = d.key"
        " WHERE d.turn AND d.over ON CONFLICT DO NOTHING",
        **parameters,
    )


_OUTCOMES = """
    SELECT key, CASE verdict WHEN 'reject' THEN 'rejected' WHEN 'add' THEN 'added'
        ELSE CASE WHEN seen THEN 'merged' WHEN changed THEN 'updated' ELSE 'unchanged' END END
    FROM decided WHERE turn
"""


def _count(session: Session, tally: Tally) -> int:
    row = session.execute(
        text(
            """
            SELECT count(*) AS keys, coalesce(sum(rows), 0)::bigint AS rows,
                count(*) FILTER (WHERE verdict = 'add') AS added,
                count(*) FILTER (WHERE verdict = 'update' AND changed AND NOT seen) AS updated,
                count(*) FILTER (WHERE verdict = 'update' AND NOT changed AND NOT seen) AS unchanged,
                coalesce(sum(rows) FILTER (WHERE verdict = 'reject'), 0)::bigint AS rejected
            FROM decided WHERE turn
            """
        )
    ).one()
    one = Tally(added=row.added, updated=row.updated, unchanged=row.unchanged, rejected=row.rejected)
    one.merged = row.rows - one.rows
    tally.add(one)
    return int(row.keys)


def refresh_statistics_of_addresses(session: Session) -> None:
    """Let the planner know whom an account has, as far as rows are merged by it: a fifth of what all columns cost, for
    those of the search's words are made anew from each of thirty thousand rows."""
    session.execute(text("ANALYZE contacts (account_id, email, phone, external_id), group_members"))


def refresh_statistics(session: Session) -> None:
    """Let the planner know of all that an import has changed; autovacuum would see it a minute later."""
    session.execute(text("ANALYZE contacts, group_members"))
