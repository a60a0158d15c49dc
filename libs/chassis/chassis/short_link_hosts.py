"""Hosts of accounts, checked by email_gateway, that their short and named links start with; each service that makes
such links remembers them in a table of its own.

    short_link_hosts.table(Base.metadata)                               # in models.py; `create` in a migration
    short_link_hosts.note(session, **payload)                           # where `short_link_host_changed` is handled
    short_link_hosts.forget(session, account_id)                        # where `account_closed` is handled
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, MetaData, Table, Text, Uuid, text
from sqlalchemy.orm import Session

from chassis import suspensions
from chassis.database import changed

_NAME = "short_link_hosts"


def _columns() -> list[Any]:
    return [
        Column("account_id", Uuid, primary_key=True),
        Column("host", Text),
        Column("version", BigInteger, nullable=False),
    ]


def table(metadata: MetaData) -> Table:
    """One row for each account that ever had one: `host` as told last; null: the platform's."""
    return Table(_NAME, metadata, *_columns())


def create(op: Any) -> None:
    """In a migration."""
    op.create_table(_NAME, *_columns())


def note(session: Session, *, account_id: UUID, host: str | None, version: int, **_rest: Any) -> None:
    """What is told twice or late changes nothing."""
    if suspensions.is_closed(session, account_id):
        return
    changed(
        session,
        "INSERT INTO short_link_hosts AS h (account_id, host, version) VALUES (:account_id, :host, :version)"
        " ON CONFLICT (account_id) DO UPDATE SET host = excluded.host, version = excluded.version"
        " WHERE h.version < excluded.version",
        account_id=account_id, host=host, version=version,
    )  # fmt: skip


def url_of(session: Session, account_id: UUID) -> str | None:
    """What the account's links start with; None: as everybody's."""
    host = session.scalar(
        text("SELECT host FROM short_link_hosts WHERE account_id = :account"), {"account": account_id}
    )
    return f"https://{host}" if host else None


def is_one(session: Session, host: str) -> bool:
    """Whether it is the host of any account's links; an index by `host` serves it."""
    return bool(session.scalar(text("SELECT EXISTS (SELECT FROM short_link_hosts WHERE host = :host)"), {"host": host}))


def forget(session: Session, account_id: UUID) -> None:
    changed(session, "DELETE FROM short_link_hosts WHERE account_id = :account_id", account_id=account_id)
