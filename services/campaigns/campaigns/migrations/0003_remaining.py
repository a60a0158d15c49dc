"""A campaign whose batches are done and whose channel still has some to try again is looked at now and then."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("dispatched_at", sa.DateTime(timezone=True)))
    op.add_column("campaigns", sa.Column("look_at", sa.DateTime(timezone=True)))
