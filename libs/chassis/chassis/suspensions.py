"""Accounts that an operator has suspended, as each service remembers them in a table of its own.

    suspensions.table(Base.metadata)                                    # in models.py; `create` in a migration
    suspensions.note(session, **payload)                                # where `account_suspension_changed` is handled
    suspensions.refuse(session, account_id)                             # before something of the account begins

Identity refuses a suspended account's sessions and keys at once; this is for what is under way already.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Column, DateTime, MetaData, Table, text
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Session

from chassis import waking
from chassis.database import changed
from contracts.errors import account_suspended

SUSPENSIONS = "suspensions"
"""What is woken (`chassis.waking`) when one begins or ends."""

_LOCK = "hashtextextended(CAST(:account AS text), 1937076080)"  # "susp"


def _columns() -> list[Any]:
    return [
        Column("account_id", PG_UUID(as_uuid=True), primary_key=True),
        Column("is_suspended", Boolean, nullable=False),
        Column("changed_at", DateTime(timezone=True), nullable=False),
    ]


def table(metadata: MetaData) -> Table:
    """One row for each account that was ever suspended, so that what is told late changes nothing."""
    return Table("account_suspensions", metadata, *_columns())


def create(op: Any) -> None:
    """In a migration."""
    op.create_table("account_suspensions", *_columns())


def note(session: Session, *, account_id: UUID, is_suspended: bool, occurred_at: datetime, **_event: Any) -> bool:
    """Remember what `account_suspension_changed` says; False where something later is known.

    Waits for whoever is just passing `refuse` for the account, so that what they began can be stopped after this.
    """
    session.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"), {"account": account_id})
    is_news = changed(
        session,
        "INSERT INTO account_suspensions AS s (account_id, is_suspended, changed_at)"
        " VALUES (:account_id, :is_suspended, :changed_at) ON CONFLICT (account_id) DO UPDATE"
        " SET is_suspended = excluded.is_suspended, changed_at = excluded.changed_at"
        " WHERE s.changed_at < excluded.changed_at",
        account_id=account_id, is_suspended=is_suspended, changed_at=occurred_at,
    )  # fmt: skip
    if is_news:
        waking.wake(session, SUSPENSIONS, everywhere=True)
    return bool(is_news)


def refuse(session: Session, account_id: UUID) -> None:
    """:raises Forbidden: `account.suspended`. Until the transaction ends the account is not suspended unnoticed."""
    session.execute(text(f"SELECT pg_advisory_xact_lock_shared({_LOCK})"), {"account": account_id})
    if is_suspended(session, account_id):
        raise account_suspended()


def is_suspended(session: Session, account_id: UUID) -> bool:
    query = text("SELECT is_suspended FROM account_suspensions WHERE account_id = :account")
    return bool(session.scalar(query, {"account": account_id}))


def suspended(session: Session) -> frozenset[str]:
    """The ids of all accounts that are suspended now."""
    rows = session.scalars(text("SELECT account_id FROM account_suspensions WHERE is_suspended"))
    return frozenset(str(account_id) for account_id in rows)


def lifted(session: Session, *, within: timedelta) -> Sequence[UUID]:
    """Accounts whose suspension was lifted so lately."""
    query = text("SELECT account_id FROM account_suspensions WHERE NOT is_suspended AND changed_at > now() - :within")
    return session.scalars(query, {"within": within}).all()


def erase_account(session: Session, account_id: UUID) -> None:
    session.execute(text("DELETE FROM account_suspensions WHERE account_id = :account"), {"account": account_id})
