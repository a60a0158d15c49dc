"""Messages whose receipt never came: what they end as, and how far the ledger has been looked through for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("carriers", sa.Column("without_receipt", sa.Text, nullable=False, server_default="expired"))
    op.create_table(
        "overdue_position",
        sa.Column("is_only", sa.Boolean, primary_key=True),
        sa.Column("message_id", sa.Uuid, nullable=False),
    )
    op.create_table(
        "overdue_later",
        sa.Column("message_id", sa.Uuid, primary_key=True),
        sa.Column("look_at", pg.TIMESTAMP(timezone=True), nullable=False, index=True),
    )
