"""Unsubscribe pages, and the reasons that people give on them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unsubscribe_pages",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("brand", pg.JSONB, nullable=False),
        sa.Column("texts", pg.JSONB, nullable=False),
        sa.Column("is_default", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.create_index("unsubscribe_pages_account", "unsubscribe_pages", ["account_id", "created_at", "id"])
    op.create_index(
        "unsubscribe_pages_default", "unsubscribe_pages", ["account_id"], unique=True,
        postgresql_where=sa.text("is_default"),
    )  # fmt: skip
    op.create_table(
        "unsubscribe_reasons",
        sa.Column("message_id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False, index=True),
        sa.Column("page_id", sa.Uuid, nullable=False, index=True),
        sa.Column("campaign_id", sa.Uuid),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
    )
