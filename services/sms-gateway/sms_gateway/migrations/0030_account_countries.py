"""Countries that an account may send to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_countries",
        sa.Column("account_id", sa.Uuid, primary_key=True),
        sa.Column("countries", pg.ARRAY(sa.Text), nullable=False),
    )
