"""In how many seconds a carrier's receipts come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("carriers", sa.Column("receipts_within", sa.Integer))


def downgrade() -> None:
    op.drop_column("carriers", "receipts_within")
