"""Units of quota that a recipient takes. What has begun before has none, and is settled by recipients."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("units_each", sa.Integer))
