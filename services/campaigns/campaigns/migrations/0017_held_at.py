"""The time of a campaign that dispatchers of before would send otherwise than asked: they look at `send_at` alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("held_at", sa.DateTime(timezone=True)))
