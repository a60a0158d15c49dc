"""Adding the rows of an import that concern nobody else: no other row of the file and no contact of the base.

Such rows can be added in any order, by several connections at once, and the result is the same. All others are sorted
out before, to the rest, which `merging` takes one key after another.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chassis.refusals import constraint_of
from contacts.domain.columns import ADDRESS_FIELDS
from contacts.store import leavers, people
from contacts.store.merge_sql import Merge, contact_columns, contact_values, custom_object, id_of_row, parameters_of
from contacts.store.staging import PENDING, key_of, name_of, pending_parameters, rest_of, value_columns


def room_of(session: Session, account_id: UUID) -> int | None:
    """How many more contacts the account may hold; None for any number."""
    row = session.execute(
        text("SELECT contact_limit, contacts FROM accounts WHERE account_id = :id"), {"id": account_id}
    ).one_or_none()
    return None if row is None or row[0] is None else max(0, row[0] - row[1])


def sort_out(session: Session, merge: Merge, *, lanes: Sequence[int], size: int) -> None:
    """Put to the rest whatever row still to come shares an address with another one or with a contact.

    Addresses are compared by hashes of 64 bits: two that collide are merely merged with more care than they need.

    :param lanes: slices of `size` rows that each lane has added.
    """
    stage = name_of(merge.import_id)
    parameters = {"account": merge.account_id, **pending_parameters(lanes, size)}
    session.execute(text("SET LOCAL work_mem = '128MB'"))
    if merge.add_first:
        session.execute(text(_set_aside(merge, f"{stage} s", PENDING)), parameters)
        return
    hashes = ", ".join(f"({_hash(address)})" for address in ADDRESS_FIELDS)
    session.execute(
        text(
            f"CREATE TEMP TABLE shared ON COMMIT DROP AS SELECT hash FROM {stage}, LATERAL (VALUES {hashes}) one (hash)"
            " WHERE hash IS NOT NULL GROUP BY hash HAVING count(*) > 1"
        )
    )
    known = text("SELECT EXISTS (SELECT 1 FROM contacts WHERE account_id = :account)")
    for address in ADDRESS_FIELDS if session.scalar(known, parameters) else ():
        session.execute(
            text(
                f"INSERT INTO shared SELECT {_hash(f's.{address}')} FROM {stage} s JOIN contacts c"
                f" ON c.account_id = :account AND c.{address} = s.{address} WHERE {PENDING}"
            ),
            parameters,
        )
    session.execute(text("ANALYZE shared"))
    is_shared = " OR ".join(f"{_hash(f's.{address}')} IN (SELECT hash FROM shared)" for address in ADDRESS_FIELDS)
    session.execute(text(_set_aside(merge, f"{stage} s", f"{PENDING} AND ({is_shared})")), parameters)
    session.execute(text("DROP TABLE shared"))


def _hash(address: str) -> str:
    return f"hashtextextended({address}, {ADDRESS_FIELDS.index(address.removeprefix('s.'))})"


def add_slice(session: Session, merge: Merge, low: int, high: int, *, needed: int) -> int:
    """Add the rows numbered above `low` to `high` that have not been sorted out.

    :param needed: contacts that must find room, those of connections beside this one included; where there is less,
        the rows go to the rest, and whoever comes first in the order of keys gets in.
    :returns: how many are new contacts.
    """
    people.share_account(session, account_id=merge.account_id)
    room = room_of(session, merge.account_id)
    bounds = {**parameters_of(merge), "low": low, "high": high}
    if room is not None and room < needed:
        set_aside(session, merge, low, high)
        return 0
    session.execute(text("SET LOCAL work_mem = '64MB'"))  # what the triggers count stays out of temporary files
    try:
        with session.begin_nested():
            return int(session.scalar(text(_insert(merge, "")), bounds) or 0)
    except IntegrityError as error:
        if constraint_of(error) not in _TAKEN:
            raise
        # Somebody added a contact with one of the addresses since the rows were sorted out.
        added = int(session.scalar(text(_insert(merge, "ON CONFLICT DO NOTHING")), bounds) or 0)
        set_aside(session, merge, low, high)
        return added


def set_aside(session: Session, merge: Merge, low: int, high: int) -> None:
    """Put the rows numbered above `low` to `high` that are no contacts to the rest."""
    bounds = {**parameters_of(merge), "low": low, "high": high}
    not_added = (
        f"{_BOUNDS} AND NOT EXISTS (SELECT 1 FROM contacts c WHERE c.account_id = :account"
        f" AND c.id = {id_of_row('s.row_number')})"
    )
    session.execute(text(_set_aside(merge, f"{name_of(merge.import_id)} s", not_added)), bounds)


_TAKEN = ("contacts_email", "contacts_phone", "contacts_external_id")
_BOUNDS = "s.row_number > :low AND s.row_number <= :high"


def _not_sorted_out(merge: Merge) -> str:
    return f"NOT EXISTS (SELECT 1 FROM {rest_of(merge.import_id)} o WHERE o.row_number = s.row_number)"


def _set_aside(merge: Merge, stage: str, where: str) -> str:
    columns = ", ".join(["row_number", *value_columns(len(merge.slots), merge.consents)])
    return (
        f"INSERT INTO {rest_of(merge.import_id)} (key, {columns}) SELECT {key_of(merge.keys)}, {columns} FROM {stage}"
        f" WHERE {where} AND {_not_sorted_out(merge)}"
    )


def _insert(merge: Merge, on_conflict: str) -> str:
    """One statement, so that the triggers that count, and lock what they count in, run at its very end."""
    return f"""
        WITH new AS (
            INSERT INTO contacts ({contact_columns(merge)})
            SELECT {contact_values(merge, "r", custom_object(merge))} FROM (
                SELECT s.*, {id_of_row("s.row_number")} AS id FROM {name_of(merge.import_id)} s
                WHERE {_BOUNDS} AND {_not_sorted_out(merge)} ORDER BY s.row_number) r
            {on_conflict} RETURNING id, email),
        joined AS (
            INSERT INTO group_members (group_id, contact_id, account_id)
            SELECT g.id, new.id, :account FROM new CROSS JOIN groups g
            WHERE g.account_id = :account AND g.id = ANY(CAST(:groups AS uuid[]))
            AND {leavers.not_left("g.id", "new.id", "new.email")})
        SELECT count(*) FROM new
    """
