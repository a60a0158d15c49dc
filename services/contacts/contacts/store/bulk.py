"""Whom an act on many contacts is about, or new groups: chosen once, numbered, and taken a piece at a time.

The chosen are a table of their own, of ids alone: what the act changes does not change whom it is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import changed
from contacts.store import audiences
from contacts.store.rule_sql import Filter


def table_of(bulk_id: UUID) -> str:
    return f"bulk_{bulk_id.hex}"


def choose(
    session: Session,
    *,
    bulk_id: UUID,
    account_id: UUID,
    where: str,
    parameters: Mapping[str, Any],
    order: str = "c.id",
) -> int:
    """Number every contact `c` that fits `where` by `order` (our own SQL, bound parameters); returns how many do."""
    source = f"contacts c WHERE c.account_id = :account AND {where}"
    return _choose(session, bulk_id, source, {**parameters, "account": account_id}, order)


def choose_archived(session: Session, *, bulk_id: UUID, account_id: UUID, entries: Filter) -> int:
    """Number every entry `c` of the archive that fits; returns how many do."""
    source = f"archive c WHERE c.account_id = :account AND {entries.sql}"
    return _choose(session, bulk_id, source, {**entries.parameters, "account": account_id})


def _choose(session: Session, bulk_id: UUID, source: str, parameters: Mapping[str, Any], order: str = "c.id") -> int:
    table = table_of(bulk_id)
    drop(session, bulk_id=bulk_id)
    session.execute(text(f"CREATE TABLE {table} (number bigint NOT NULL, contact_id uuid NOT NULL)"))
    audiences.expect_many(session)
    total = changed(
        session, f"INSERT INTO {table} SELECT row_number() OVER (ORDER BY {order}), c.id FROM {source}", **parameters
    )
    session.execute(text(f"ALTER TABLE {table} ADD PRIMARY KEY (number)"))
    return total


def chosen(session: Session, *, bulk_id: UUID, after: int, limit: int) -> list[UUID]:
    """The next contacts after number `after`."""
    query = text(
        f"SELECT contact_id FROM {table_of(bulk_id)} WHERE number > :after AND number <= :upto ORDER BY number"
    )
    return list(session.scalars(query, {"after": after, "upto": after + limit}))


def forget_filter(session: Session, *, bulk_id: UUID) -> None:
    """Words and rules may name a person, and the job is remembered for a year."""
    nothing = """'{"q": null, "text": null, "rules": null}'"""
    session.execute(text(f"UPDATE jobs SET request = request || {nothing} WHERE id = :id"), {"id": bulk_id})


def drop(session: Session, *, bulk_id: UUID) -> None:
    session.execute(text(f"DROP TABLE IF EXISTS {table_of(bulk_id)}"))


def count(
    session: Session, *, account_id: UUID, where: str, changing: str, parameters: Mapping[str, Any]
) -> tuple[int, int]:
    """How many contacts `c` fit `where`, and how many of them `changing` too."""
    audiences.expect_many(session)
    row = session.execute(
        text(
            f"SELECT count(*), count(*) FILTER (WHERE {changing}) FROM contacts c"
            f" WHERE c.account_id = :account AND {where}"
        ),
        {**parameters, "account": account_id},
    ).one()
    return int(row[0]), int(row[1])
