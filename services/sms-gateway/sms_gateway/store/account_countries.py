"""The countries that accounts may send to, where an operator has said."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import text

from channel.retries import UPKEEP
from chassis import waking
from chassis.database import Session, cursor_of

Allowed = dict[UUID, frozenset[str]]


def of_accounts(session: Session, account_ids: Collection[UUID]) -> Allowed:
    """Of those that are limited; the others send anywhere."""
    return ask_of_accounts(cursor_of(session), account_ids)()


def ask_of_accounts(cursor: Cursor[Any], account_ids: Collection[UUID]) -> Callable[[], Allowed]:
    """As `of_accounts`, for a pipeline: what is returned is called once it has ended."""
    cursor.execute(
        "SELECT account_id, countries FROM account_countries WHERE account_id = ANY(%s)", (list(account_ids),)
    )
    return lambda: {row[0]: frozenset(row[1]) for row in cursor.fetchall()}


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
