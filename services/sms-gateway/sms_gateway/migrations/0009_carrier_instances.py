"""Which outbound process holds which part of a carrier's rate, and how its binds are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "carrier_instances",
        sa.Column("carrier_id", sa.Uuid, primary_key=True),
        sa.Column("instance_id", sa.Uuid, primary_key=True),
        sa.Column("rate", sa.Integer, nullable=False),
        sa.Column("is_busy", sa.Boolean, nullable=False),
        sa.Column("state", pg.JSONB, nullable=False),
        sa.Column("expires_at", pg.TIMESTAMP(timezone=True), nullable=False),
    )
