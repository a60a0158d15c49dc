"""Where an account may be used from by machines (its `api` list of IP rules), as identity tells the channels.

    account_networks.table(Base.metadata)           # in models.py; `create` in a migration
    account_networks.note(session, **payload)       # where `account_ip_rules_changed` is handled
    account_networks.forget(session, account_id)    # where `account_closed` is handled

The gateway holds to the list at the API; the ports that partners log in at do by this.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from chassis import suspensions
from chassis.database import Session, changed


def _columns() -> list[Any]:
    return [
        Column("account_id", PG_UUID(as_uuid=True), primary_key=True),
        Column("networks", ARRAY(Text), nullable=False),
        Column("version", BigInteger, nullable=False),
    ]


def table(metadata: MetaData) -> Table:
    """One row for each account that ever had a list."""
    return Table("account_networks", metadata, *_columns())


def create(op: Any) -> None:
    """In a migration."""
    op.create_table("account_networks", *_columns())


def note(session: Session, *, account_id: UUID, api: Sequence[str], version: int, **_event: Any) -> None:
    """Remember what `account_ip_rules_changed` says. Harmless twice, and what is told late changes nothing."""
    if suspensions.is_closed(session, account_id):
        return
    changed(
        session,
        "INSERT INTO account_networks AS n (account_id, networks, version) VALUES (:account_id, :networks, :version)"
        " ON CONFLICT (account_id) DO UPDATE SET networks = excluded.networks, version = excluded.version"
        " WHERE n.version < excluded.version",
        account_id=account_id, networks=list(api), version=version,
    )  # fmt: skip


def of_accounts(session: Session, account_ids: Collection[UUID]) -> dict[UUID, Sequence[str]]:
    """The lists of those of the accounts that have one, now."""
    query = text("SELECT account_id, networks FROM account_networks WHERE account_id = ANY(:ids) AND networks <> '{}'")
    return {row.account_id: row.networks for row in session.execute(query, {"ids": list(account_ids)})}


def forget(session: Session, account_id: UUID) -> None:
    changed(session, "DELETE FROM account_networks WHERE account_id = :account_id", account_id=account_id)
