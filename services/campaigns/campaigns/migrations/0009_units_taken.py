"""Units of quota that campaigns have reserved and taken. What has begun before has reserved nobody knows how many."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("reserved_units", sa.BigInteger))
    op.add_column("campaigns", sa.Column("units", sa.BigInteger, nullable=False, server_default="0"))
