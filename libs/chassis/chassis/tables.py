"""Tables that services have alike, each in its own database: outbox, inbox, and the channels' quota leases.

outbox_table(Base.metadata)     # in models.py
tables.create_outbox(op)        # in the first migration
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID


def _outbox_columns() -> list[Any]:
    return [
        Column("position", BigInteger, Identity(), primary_key=True),
        Column("exchange", String, nullable=False),
        Column("routing_key", String, nullable=False),
        Column("headers", JSONB, nullable=False, server_default="{}"),
        Column("body", LargeBinary, nullable=False),
        Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    ]


def _inbox_columns() -> list[Any]:
    return [
        Column("handler", String, primary_key=True),
        Column("event_id", UUID(as_uuid=True), primary_key=True),
        Column("handled_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    ]


def _quota_lease_columns() -> list[Any]:
    return [
        Column("reservation_id", UUID(as_uuid=True), primary_key=True),
        Column("account_id", UUID(as_uuid=True), nullable=False),
        Column("granted", BigInteger, nullable=False, server_default="0"),
        Column("used", BigInteger, nullable=False, server_default="0"),
        Column("told", BigInteger, nullable=False, server_default="0"),
        Column("is_ending", Boolean, nullable=False, server_default="false"),
        Column("opened_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("used_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    ]


def outbox_table(metadata: MetaData) -> Table:
    """Events and lane messages that are committed and not yet confirmed by the broker, in order."""
    return Table("outbox", metadata, *_outbox_columns())


def inbox_table(metadata: MetaData) -> Table:
    """Which handler has handled which event."""
    return Table("inbox", metadata, *_inbox_columns(), Index("inbox_handled_at", "handled_at"))


def create_outbox(op: Any) -> None:
    op.create_table("outbox", *_outbox_columns())


def create_inbox(op: Any) -> None:
    op.create_table("inbox", *_inbox_columns())
    op.create_index("inbox_handled_at", "inbox", ["handled_at"])


def quota_lease_table(metadata: MetaData) -> Table:
    """Units of quota that identity has granted to this channel: see `chassis.quota_leases`."""
    table = Table("quota_leases", metadata, *_quota_lease_columns())
    Index("quota_leases_account_id", table.c.account_id, unique=True, postgresql_where=text("NOT is_ending"))
    return table


def create_quota_leases(op: Any) -> None:
    op.create_table("quota_leases", *_quota_lease_columns())
    op.create_index(
        "quota_leases_account_id", "quota_leases", ["account_id"], unique=True, postgresql_where=text("NOT is_ending")
    )
