"""Ranges of numbers that accounts send too much to (SMS pumping): counts, what is held, and limits of accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

TIME = pg.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "range_counts",
        sa.Column("account_id", sa.Uuid, primary_key=True),
        sa.Column("range", sa.Text, primary_key=True),
        sa.Column("started_at", TIME, nullable=False, index=True),
        sa.Column("numbers", sa.Integer, nullable=False),
    )
    op.create_table(
        "held_ranges",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("range", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("numbers", sa.Integer, nullable=False),
        sa.Column("held_at", TIME, nullable=False),
        sa.Column("decided_at", TIME),
        sa.UniqueConstraint("account_id", "range"),
    )
    op.create_table(
        "range_limits",
        sa.Column("account_id", sa.Uuid, primary_key=True),
        sa.Column("most", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    for table in ("range_limits", "held_ranges", "range_counts"):
        op.drop_table(table)
