"""Days on which an address's mailbox took nothing (full, switched off), by account."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from uuid import UUID

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


def forget_old(session: Session, *, before: date) -> None:
    session.execute(text("DELETE FROM soft_bounces WHERE day < :before"), {"before": before})


def forget(session: Session, *, account_id: UUID, addresses: Collection[str]) -> None:
    session.execute(
        text("DELETE FROM soft_bounces WHERE account_id = :account AND address = ANY(:addresses)"),
        {"account": account_id, "addresses": list(addresses)},
    )


def erase_account(session: Session, *, account_id: UUID) -> None:
    session.execute(text("DELETE FROM soft_bounces WHERE account_id = :account"), {"account": account_id})
