"""A number for each change of a campaign's state: who hears of two in the wrong order can tell which is the later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("state_version", sa.BigInteger, nullable=False, server_default="0"))
