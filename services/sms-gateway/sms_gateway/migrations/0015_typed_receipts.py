"""Of a parked receipt: whether a phone may have written it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("parked_receipts", sa.Column("is_typed", sa.Boolean, nullable=False, server_default=sa.false()))
