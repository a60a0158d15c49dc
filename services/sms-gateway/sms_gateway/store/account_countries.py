"""The countries that accounts may send to, where an operator has said."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text

from channel.retries import UPKEEP
from chassis import waking
from chassis.database import Session

Allowed = dict[UUID, frozenset[str]]


def of_accounts(session: Session, account_ids: Collection[UUID]) -> Allowed:
    """Of those that are limited; the others send anywhere."""
    query = text("SELECT account_id, countries FROM account_countries WHERE account_id = ANY(:accounts)")
    return {row[0]: frozenset(row[1]) for row in session.execute(query, {"accounts": list(account_ids)})}


def of_all(session: Session) -> Allowed:
    return {row[0]: frozenset(row[1]) for row in session.execute(text("SELECT * FROM account_countries"))}


def put(session: Session, account_id: UUID, countries: Collection[str] | None) -> None:
    """None: anywhere. Outbound processes look once this has committed."""
    session.execute(text("DELETE FROM account_countries WHERE account_id = :account"), {"account": account_id})
    if countries is not None:
        session.execute(
            text("INSERT INTO account_countries (account_id, countries) VALUES (:account, :countries)"),
            {"account": account_id, "countries": sorted(countries)},
        )
    waking.wake(session, UPKEEP)
