"""Which network numbers are with, as carriers tell."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "number_networks",
        sa.Column("number", sa.Text, primary_key=True),
        sa.Column("network", sa.Text),
        sa.Column("looked_up_at", pg.TIMESTAMP(timezone=True), nullable=False),
    )
    op.create_index("ix_number_networks_looked_up_at", "number_networks", ["looked_up_at"])


def downgrade() -> None:
    op.drop_table("number_networks")
