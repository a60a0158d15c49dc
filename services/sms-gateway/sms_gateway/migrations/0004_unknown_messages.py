"""What tells whether a receipt without a known id may belong to a message whose outcome is unknown."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TIME = pg.TIMESTAMP(timezone=True)


def upgrade() -> None:
    # Rows from before have none of it, and are matched with nothing.
    op.add_column("unknown_messages", sa.Column("sender", sa.Text))
    op.add_column("unknown_messages", sa.Column("claimed_at", TIME))
    op.add_column("parked_receipts", sa.Column("sender", sa.Text))
    op.add_column("parked_receipts", sa.Column("submitted_at", TIME))
