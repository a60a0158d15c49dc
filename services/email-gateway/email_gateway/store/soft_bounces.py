"""Days on which an address's mailbox took nothing (full, switched off), by account."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import text
from sqlalchemy.orm import Session

_NOTE = text(
    "INSERT INTO soft_bounces (account_id, address, day) VALUES (:account, :address, :day) ON CONFLICT DO NOTHING"
)


def note(session: Session, *, account_id: UUID, address: str, day: date) -> list[date]:
    """Note the day; all that are known of the address."""
    bound = {"account": account_id, "address": address}
    session.execute(_NOTE, {**bound, "day": day})
    query = text("SELECT day FROM soft_bounces WHERE account_id = :account AND address = :address")
    return list(session.scalars(query, bound))


_NOTE_MANY = """
INSERT INTO soft_bounces (account_id, address, day)
SELECT account_id, address, %s FROM unnest(%s::uuid[], %s::text[]) AS noted (account_id, address)
ORDER BY account_id, address ON CONFLICT DO NOTHING
"""
_DAYS = """
SELECT account_id::text, address, count(*) FROM soft_bounces JOIN unnest(%s::uuid[], %s::text[]) AS noted
(account_id, address) USING (account_id, address) WHERE day BETWEEN %s AND %s GROUP BY account_id, address
"""


def note_many(
    cursor: Cursor[Any], whom: Sequence[tuple[str, str]], day: date, *, since: date
) -> dict[tuple[str, str], int]:
    """Note the day for each account and address; on how many days from `since` each took nothing."""
    accounts, addresses = [account_id for account_id, _ in whom], [address for _, address in whom]
    cursor.execute(_NOTE_MANY, (day, accounts, addresses))
    cursor.execute(_DAYS, (accounts, addresses, since, day))
    return {(account_id, address): days for account_id, address, days in cursor.fetchall()}


def forget_old(session: Session, *, before: date) -> None:
    session.execute(text("DELETE FROM soft_bounces WHERE day < :before"), {"before": before})


def forget(session: Session, *, account_id: UUID, addresses: Collection[str]) -> None:
    session.execute(
        text("DELETE FROM soft_bounces WHERE account_id = :account AND address = ANY(:addresses)"),
        {"account": account_id, "addresses": list(addresses)},
    )


def erase_account(session: Session, *, account_id: UUID) -> None:
    session.execute(text("DELETE FROM soft_bounces WHERE account_id = :account"), {"account": account_id})
