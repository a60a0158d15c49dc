"""Until when the content of a single send is kept (others: for ever), and the sender of each send."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contents", sa.Column("keep_until", pg.TIMESTAMP(timezone=True)))
    op.add_column("sends", sa.Column("sender", sa.Text))
