"""Templates, campaigns and their batches, the outbox and the inbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

from chassis import tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _id(name: str, *, nullable: bool = True, primary_key: bool = False) -> sa.Column:
    return sa.Column(name, UUID(as_uuid=True), nullable=nullable and not primary_key, primary_key=primary_key)


def _moment(name: str, *, now: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=not now, server_default=sa.func.now() if now else None)


def _count(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")


def upgrade() -> None:
    tables.create_outbox(op)
    tables.create_inbox(op)
    _create_templates()
    _create_campaigns()
    _create_batches()


def _create_templates() -> None:
    op.create_table(
        "templates",
        _id("id", primary_key=True),
        _id("account_id", nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("content", JSONB, nullable=False),
        _moment("created_at", now=True),
        _moment("updated_at", now=True),
    )
    op.create_index("templates_account", "templates", ["account_id", "created_at", "id"])


def _create_campaigns() -> None:
    op.create_table(
        "campaigns",
        _id("id", primary_key=True),
        _id("account_id", nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False, server_default="draft"),
        sa.Column("sender", JSONB, nullable=True),
        sa.Column("audience", JSONB, nullable=False),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("options", JSONB, nullable=False),
        _id("created_by"),
        _moment("created_at", now=True),
        _moment("updated_at", now=True),
        _moment("send_at"),
        sa.Column("time_zone", sa.String),
        sa.Column("content_hash", sa.String),
        sa.Column("fields", JSONB, nullable=False, server_default="[]"),
        sa.Column("trace_id", sa.String),
        _moment("reserving_at"),
        sa.Column("schedule_key", sa.String),
        _id("send_id"),
        _moment("started_at"),
        _moment("finished_at"),
        _moment("settled_at"),
        sa.Column("failure_code", sa.String),
        sa.Column("failure_detail", sa.Text),
        sa.Column("recipients", sa.Integer),
        _count("dispatched_to"),
        _count("published"),
        _count("submitted"),
        _count("failed"),
        _count("deferred"),
        _moment("next_portion_at"),
        _id("lease_owner"),
        _moment("lease_expires_at"),
    )
    op.create_index("campaigns_account", "campaigns", ["account_id", "created_at", "id"])
    op.create_index(
        "campaigns_work",
        "campaigns",
        ["send_at"],
        postgresql_where=sa.text(
            "state IN ('scheduled', 'sending')"
            " OR (settled_at IS NULL AND state IN ('sent', 'cancelled', 'failed'))"
            " OR (state = 'draft' AND reserving_at IS NOT NULL)"
        ),
    )


def _create_batches() -> None:
    op.create_table(
        "campaign_batches",
        _id("id", primary_key=True),
        sa.Column(
            "campaign_id",
            UUID(as_uuid=True),
            sa.ForeignKey("campaigns.id", ondelete="CASCADE"),
            nullable=False,
        ),
        _id("account_id", nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False, server_default="publishing"),
        sa.Column("first", sa.Integer, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        _count("submitted"),
        _count("failed"),
        _count("deferred"),
        _moment("created_at", now=True),
        _moment("published_at"),
        _moment("done_at"),
    )
    op.create_index("campaign_batches_campaign", "campaign_batches", ["campaign_id", "first"], unique=True)
    op.create_index(
        "campaign_batches_open",
        "campaign_batches",
        ["campaign_id"],
        postgresql_where=sa.text("state IN ('publishing', 'published')"),
    )
