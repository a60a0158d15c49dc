"""Sender domains, contents, the ledger and the retry schedule."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

from chassis import tables

revision = "0001"
down_revision = None


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(
        name, sa.DateTime(timezone=True), nullable=nullable, server_default=None if nullable else sa.func.now()
    )


def upgrade() -> None:
    _create_senders()
    _create_messages()
    tables.create_outbox(op)
    tables.create_inbox(op)


def _create_senders() -> None:
    op.create_table(
        "sender_domains",
        sa.Column("domain_id", UUID(as_uuid=True), primary_key=True),
        sa.Column("account_id", UUID(as_uuid=True), nullable=False),
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("ownership_token", sa.Text, nullable=False),
        sa.Column("found", JSONB, nullable=False, server_default="{}"),
        _moment("created_at"),
        _moment("verified_at", nullable=True),
        _moment("checked_at", nullable=True),
        sa.Column("verified_by", sa.Text),
        sa.Column("reason", sa.Text),
        sa.UniqueConstraint("account_id", "domain", name="sender_domains_account_domain"),
        sa.CheckConstraint("state IN ('pending', 'verified')", name="sender_domains_state"),
    )
    op.create_table(
        "dkim_keys",
        sa.Column("key_id", UUID(as_uuid=True), primary_key=True),
        sa.Column(
            "domain_id",
            UUID(as_uuid=True),
            sa.ForeignKey("sender_domains.domain_id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("algorithm", sa.Text, nullable=False),
        sa.Column("selector", sa.Text, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("sealed_key", sa.LargeBinary, nullable=False),
        _moment("created_at"),
    )
    op.create_table(
        "sender_addresses",
        sa.Column("address_id", UUID(as_uuid=True), primary_key=True),
        sa.Column("account_id", UUID(as_uuid=True), nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("code_hash", sa.Text),
        sa.Column("tries_left", sa.Integer, nullable=False, server_default="0"),
        _moment("code_expires_at", nullable=True),
        _moment("created_at"),
        sa.UniqueConstraint("account_id", "email", name="sender_addresses_account_email"),
        sa.CheckConstraint("state IN ('pending', 'verified')", name="sender_addresses_state"),
    )
    op.create_table(
        "mail_routes",
        sa.Column("route_id", UUID(as_uuid=True), primary_key=True),
        sa.Column("pattern", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("host", sa.Text),
        sa.Column("port", sa.Integer, nullable=False),
        sa.Column("tls", sa.Text, nullable=False),
        sa.Column("username", sa.Text),
        sa.Column("sealed_password", sa.LargeBinary),
        sa.Column("connections", sa.Integer, nullable=False),
        _moment("created_at"),
    )


def _create_messages() -> None:
    op.create_table(
        "contents",
        sa.Column("content_hash", sa.Text, primary_key=True),
        sa.Column("account_id", UUID(as_uuid=True), nullable=False, index=True),
        sa.Column("document", JSONB, nullable=False),
        _moment("created_at"),
    )
    op.create_table(
        "requests",
        sa.Column("account_id", UUID(as_uuid=True), primary_key=True),
        sa.Column("request_key", sa.Text, primary_key=True),
        sa.Column("send_id", UUID(as_uuid=True), nullable=False),
        _moment("created_at"),
    )
    op.create_table(
        "ledger",
        sa.Column("message_id", UUID(as_uuid=True), primary_key=True),
        sa.Column("account_id", UUID(as_uuid=True), nullable=False),
        sa.Column("campaign_id", UUID(as_uuid=True)),
        sa.Column("contact_id", UUID(as_uuid=True)),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("detail", sa.Text),
        sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("claimed_by", UUID(as_uuid=True)),
        _moment("updated_at"),
        # Of single messages only: what is needed to send one again after a crash.
        sa.Column("content_hash", sa.Text),
        sa.Column("fields", JSONB),
        sa.Column("name", sa.Text),
        sa.Column("external_id", sa.Text),
        postgresql_partition_by="RANGE (message_id)",
    )
    op.execute("CREATE TABLE ledger_default PARTITION OF ledger DEFAULT")
    op.create_index("ledger_claimed", "ledger", ["claimed_by"], postgresql_where=sa.text("state = 'claimed'"))
    op.create_table(
        "retries",
        sa.Column("message_id", UUID(as_uuid=True), primary_key=True),
        sa.Column("account_id", UUID(as_uuid=True), nullable=False),
        sa.Column("campaign_id", UUID(as_uuid=True)),
        sa.Column("contact_id", UUID(as_uuid=True)),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("fields", JSONB, nullable=False),
        sa.Column("attempts", sa.SmallInteger, nullable=False),
        _moment("first_tried_at"),
        _moment("due_at"),
    )
    op.create_index("retries_due", "retries", ["due_at"])
    op.create_table(
        "instances",
        sa.Column("instance_id", UUID(as_uuid=True), primary_key=True),
        _moment("seen_at"),
    )
