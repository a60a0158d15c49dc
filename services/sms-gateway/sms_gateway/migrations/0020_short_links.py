"""Positions of short links, in blocks of a send's recipients."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "short_link_blocks",
        sa.Column("send_id", sa.Uuid, primary_key=True),
        sa.Column("content_hash", sa.Text, primary_key=True),
        sa.Column("first_number", sa.BigInteger, primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False, index=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("made_at", pg.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now(), index=True),
    )
    op.create_table(
        "short_link_counter",
        sa.Column("is_only", sa.Boolean, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
