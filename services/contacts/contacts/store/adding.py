"""Adding the rows of an import that concern nobody else: no other row of the file and no contact of the base.

Such rows can be added in any order, by several connections at once, and the result is the same. All others go to the
rest, which `merging` takes one key after another.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from contacts.domain.columns import ADDRESS_FIELDS
from contacts.store import people
from contacts.store.merge_sql import CONTACT_COLUMNS, Merge, contact_values, custom_object, id_of_row, parameters_of
from contacts.store.staging import hash_of, key_of, name_of, repeated_of, rest_of, value_columns


def room_of(session: Session, account_id: UUID) -> int | None:
    """How many more contacts the account may hold; None for any number."""
    row = session.execute(
        text("SELECT contact_limit, contacts FROM accounts WHERE account_id = :id"), {"id": account_id}
    ).one_or_none()
    return None if row is None or row[0] is None else max(0, row[0] - row[1])


def add_slice(session: Session, merge: Merge, low: int, high: int, *, needed: int) -> int:
    """Add what can be added of the rows numbered above `low` to `high`, and put the others to the rest.

    :param needed: contacts that must find room, those of connections beside this one included; where there is less,
        every row goes to the rest, and whoever comes first in the order of keys gets in.
    :returns: how many are new contacts.
    """
    people.share_account(session, account_id=merge.account_id)
    room = room_of(session, merge.account_id)
    bounds = {**parameters_of(merge), "low": low, "high": high}
    stage = _slice(merge)
    rows = int(session.scalar(text(f"SELECT count(*) FROM {stage}"), bounds) or 0)
    added = 0
    if room is None or room >= needed:
        added = int(session.scalar(text(_insert(merge, stage)), bounds) or 0)
    if added < rows:
        session.execute(text(_set_aside(merge, stage)), bounds)
    return added


def set_aside(session: Session, merge: Merge, low: int, high: int) -> None:
    """Put the rows numbered above `low` to `high` to the rest, all of them."""
    session.execute(text(_set_aside(merge, _slice(merge))), {**parameters_of(merge), "low": low, "high": high})


def _slice(merge: Merge) -> str:
    return (
        f"(SELECT s.*, {id_of_row('s.row_number')} AS id FROM {name_of(merge.import_id)} s"
        " WHERE s.row_number > :low AND s.row_number <= :high) r"
    )


def _set_aside(merge: Merge, stage: str) -> str:
    columns = ", ".join(["row_number", *value_columns(len(merge.slots))])
    return (
        f"INSERT INTO {rest_of(merge.import_id)} (key, {columns}) SELECT {key_of(merge.keys)}, {columns} FROM {stage}"
        " WHERE NOT EXISTS (SELECT 1 FROM contacts c WHERE c.account_id = :account AND c.id = r.id)"
    )


def _insert(merge: Merge, stage: str) -> str:
    """One statement, so that the triggers that count, and lock what they count in, run at its very end."""
    alone = " AND ".join(
        f"coalesce({hash_of(address)} NOT IN (SELECT hash FROM {repeated_of(merge.import_id)}), true)"
        for address in ADDRESS_FIELDS
    )
    return f"""
        WITH new AS (
            INSERT INTO contacts ({CONTACT_COLUMNS})
            SELECT {contact_values("r", custom_object(merge))} FROM {stage} WHERE {alone}
            ON CONFLICT DO NOTHING RETURNING id),
        joined AS (
            INSERT INTO group_members (group_id, contact_id, account_id)
            SELECT g.id, new.id, :account FROM new CROSS JOIN groups g
            WHERE g.account_id = :account AND g.id = ANY(CAST(:groups AS uuid[])))
        SELECT count(*) FROM new
    """
