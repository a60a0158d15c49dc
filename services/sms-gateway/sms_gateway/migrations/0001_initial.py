"""Tables of sms-gateway."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from chassis import tables

revision = "0001"
down_revision = None

TIME = pg.TIMESTAMP(timezone=True)


def upgrade() -> None:
    tables.create_outbox(op)
    tables.create_inbox(op)
    _create_directory()
    _create_sends()
    _create_work()
    _create_ledger()


def _now(name: str) -> sa.Column:
    return sa.Column(name, TIME, nullable=False, server_default=sa.func.now())


def _create_directory() -> None:
    op.create_table(
        "sender_ids",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("sender_key", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        _now("created_at"),
        _now("updated_at"),
        sa.UniqueConstraint("account_id", "sender_key"),
    )
    op.create_table(
        "carriers",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("port", sa.Integer, nullable=False),
        sa.Column("system_id", sa.Text, nullable=False),
        sa.Column("password", sa.LargeBinary, nullable=False),
        sa.Column("system_type", sa.Text, nullable=False),
        sa.Column("bind_mode", sa.Text, nullable=False),
        sa.Column("binds", sa.Integer, nullable=False),
        sa.Column("window", sa.Integer, nullable=False),
        sa.Column("rate", sa.Integer, nullable=False),
        sa.Column("tls", sa.Boolean, nullable=False),
        sa.Column("long_form", sa.Text, nullable=False),
        sa.Column("receipt_ids", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        _now("created_at"),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "routes",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("carrier_id", sa.Uuid, sa.ForeignKey("carriers.id"), nullable=False),
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("account_id", sa.Uuid),
        sa.Column("lane", sa.Text),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("share", sa.Integer, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
    )


def _create_sends() -> None:
    op.create_table(
        "contents",
        sa.Column("content_hash", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False, index=True),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("content", pg.JSONB, nullable=False),
        _now("created_at"),
    )
    op.create_table(
        "sends",
        sa.Column("send_id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False, index=True),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("text", sa.Text),
        sa.Column("external_id", sa.Text),
        sa.Column("recipients", sa.Integer, nullable=False),
        sa.Column("stem_id", sa.Uuid, nullable=False, unique=True),
        sa.Column("request_hash", sa.Text, unique=True),
        _now("created_at"),
    )


def _create_work() -> None:
    op.create_table(
        "instances", sa.Column("instance_id", sa.Uuid, primary_key=True), sa.Column("expires_at", TIME, nullable=False)
    )
    op.create_table(
        "claims",
        sa.Column("claim_id", sa.Uuid, primary_key=True),
        sa.Column("instance_id", sa.Uuid, nullable=False, index=True),
        sa.Column("send_id", sa.Uuid, nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("numbers", pg.ARRAY(sa.BigInteger), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        _now("claimed_at"),
    )
    op.create_index("claims_by_range", "claims", ["send_id", "first"])
    op.create_table(
        "retries",
        sa.Column("message_id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False, index=True),
        sa.Column("due_at", TIME, nullable=False, index=True),
        sa.Column("attempts", sa.SmallInteger, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "unknown_messages",
        sa.Column("message_id", sa.Uuid, primary_key=True),
        sa.Column("address", sa.Text, nullable=False, index=True),
        sa.Column("parts_left", sa.SmallInteger, nullable=False),
    )
    op.create_table(
        "parked_receipts",
        sa.Column("position", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("carrier_id", sa.Uuid, nullable=False),
        sa.Column("carrier_message_id", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("tries", sa.SmallInteger, nullable=False),
        sa.Column("next_at", TIME, nullable=False, index=True),
    )
    op.create_table(
        "lane_outbox",
        sa.Column("position", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("instance_id", sa.Uuid, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        _now("recorded_at"),
    )
    # Bodies are JSON of up to 300 KB that live for a second: compressing them costs more than it saves.
    op.execute("ALTER TABLE lane_outbox ALTER COLUMN body SET STORAGE EXTERNAL")
    op.execute("ALTER TABLE claims ALTER COLUMN body SET STORAGE EXTERNAL")


def _create_ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("message_id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("campaign_id", sa.Uuid),
        sa.Column("contact_id", sa.Uuid),
        sa.Column("carrier_id", sa.Uuid),
        sa.Column("carrier_message_id", sa.Text),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("parts", sa.SmallInteger, nullable=False),
        sa.Column("submitted_at", TIME),
        sa.Column("final_at", TIME),
        postgresql_partition_by="RANGE (message_id)",
    )
    op.create_index(
        "ledger_by_carrier_message_id",
        "ledger",
        # The message id bounds the search to some days' partitions.
        ["carrier_message_id", "message_id"],
        postgresql_where=sa.text("carrier_message_id IS NOT NULL"),
    )
    op.create_table(
        "ledger_parts",
        sa.Column("message_id", sa.Uuid, primary_key=True),
        sa.Column("part", sa.SmallInteger, primary_key=True),
        sa.Column("carrier_id", sa.Uuid, nullable=False),
        sa.Column("carrier_message_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("code", sa.Text),
        postgresql_partition_by="RANGE (message_id)",
    )
    op.create_index("ledger_parts_by_carrier_message_id", "ledger_parts", ["carrier_message_id", "message_id"])
    for table in ("ledger", "ledger_parts"):
        op.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")
