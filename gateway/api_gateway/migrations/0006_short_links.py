"""Whose positions of short links are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "short_link_blocks",
        sa.Column("position", sa.BigInteger, primary_key=True),
        sa.Column("first_number", sa.BigInteger, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False, index=True),
        sa.Column("campaign_id", sa.Uuid),
        sa.Column("send_id", sa.Uuid, nullable=False),
        sa.Column("links", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now(), index=True),
    )
