"""Accounts that an operator has suspended, as each service remembers them in a table of its own.

    suspensions.table(Base.metadata)                                    # in models.py; `create` in a migration
    suspensions.note(session, **payload)                                # where `account_suspension_changed` is handled
    suspensions.refuse(session, account_id)                             # before something of the account begins
    suspensions.close(session, account_id)                              # where `account_closed` is handled

Identity refuses a suspended account's sessions and keys at once; this is for what is under way already.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, DateTime, MetaData, Table, text
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Session

from chassis import waking
from chassis.database import changed
from contracts.errors import account_suspended

SUSPENSIONS = "suspensions"
"""What is woken (`chassis.waking`) when one begins or ends."""

# The version of an account that is closed: no event has a later one.
_CLOSED = 2**63 - 1
# Longer than any event is on its way, also one that lay in a dead-letter queue.
_CLOSED_KEPT = timedelta(days=30)
_LOCK = "hashtextextended(CAST(:account AS text), 1937076080)"  # "susp"


def _columns() -> list[Any]:
    return [
        Column("account_id", PG_UUID(as_uuid=True), primary_key=True),
        Column("is_suspended", Boolean, nullable=False),
        Column("changed_at", DateTime(timezone=True), nullable=False),
        Column("version", BigInteger, nullable=False, server_default="0"),
    ]


def table(metadata: MetaData) -> Table:
    """One row for each account that was ever suspended, or closed lately, so that what is told late changes nothing."""
    return Table("account_suspensions", metadata, *_columns())


def create(op: Any) -> None:
    """In a migration."""
    op.create_table("account_suspensions", *_columns())


def add_version(op: Any) -> None:
    """In a migration that follows on a `create` of a release without versions."""
    op.execute("ALTER TABLE account_suspensions ADD COLUMN IF NOT EXISTS version bigint NOT NULL DEFAULT 0")


def note(
    session: Session, *, account_id: UUID, is_suspended: bool, occurred_at: datetime, version: int = 0, **_event: Any
) -> bool:
    """Remember what `account_suspension_changed` says; False where something later is known, or the account is closed.

    Waits for whoever is just passing `refuse` for the account, so that what they began can be stopped after this.

    :param version: grows with each change of the account; 0 is of a release that gave none, which may still run beside
        this one: where either has none, the time tells which is the later.
    """
    session.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"), {"account": account_id})
    is_news = changed(
        session,
        "INSERT INTO account_suspensions AS s (account_id, is_suspended, changed_at, version)"
        " VALUES (:account_id, :is_suspended, :changed_at, :version) ON CONFLICT (account_id) DO UPDATE"
        " SET is_suspended = excluded.is_suspended, changed_at = excluded.changed_at, version = excluded.version"
        " WHERE s.version < :closed AND CASE WHEN 0 IN (s.version, excluded.version)"
        " THEN s.changed_at < excluded.changed_at ELSE s.version < excluded.version END",
        account_id=account_id, is_suspended=is_suspended, changed_at=occurred_at, version=version, closed=_CLOSED,
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


def close(session: Session, account_id: UUID) -> None:
    """The account is gone: nothing that is told of it later leaves a trace. Its id alone stays, for a month."""
    session.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"), {"account": account_id})
    session.execute(
        text(
            "INSERT INTO account_suspensions (account_id, is_suspended, changed_at, version)"
            " VALUES (:account, false, now(), :closed) ON CONFLICT (account_id) DO UPDATE"
            " SET is_suspended = false, changed_at = now(), version = :closed"
        ),
        {"account": account_id, "closed": _CLOSED},
    )
    session.execute(
        text("DELETE FROM account_suspensions WHERE version = :closed AND changed_at < now() - :kept"),
        {"closed": _CLOSED, "kept": _CLOSED_KEPT},
    )


def is_closed(session: Session, account_id: UUID) -> bool:
    """Whether the account is gone. Until the transaction ends it is not closed unnoticed."""
    session.execute(text(f"SELECT pg_advisory_xact_lock_shared({_LOCK})"), {"account": account_id})
    query = text("SELECT version = :closed FROM account_suspensions WHERE account_id = :account")
    return bool(session.scalar(query, {"account": account_id, "closed": _CLOSED}))
