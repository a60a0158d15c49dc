"""Tables that services have alike, each in its own database: outbox and inbox.

outbox_table(Base.metadata)     # in models.py
tables.create_outbox(op)        # in the first migration
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    func,
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
