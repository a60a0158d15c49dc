"""The ids of parked receipts as the carrier wrote them: rows of an earlier version have theirs so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("parked_receipts", sa.Column("spelled", sa.Text))
