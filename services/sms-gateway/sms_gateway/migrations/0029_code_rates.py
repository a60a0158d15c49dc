"""How many one-time codes a number has got."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "code_rates",
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("started_at", pg.TIMESTAMP(timezone=True), nullable=False, index=True),
        sa.Column("codes", sa.Integer, nullable=False),
    )
