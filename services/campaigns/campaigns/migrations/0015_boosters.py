"""Boosters: campaigns that go by themselves, some time after another one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("booster_of", UUID(as_uuid=True)))
    op.add_column("campaigns", sa.Column("booster_after", sa.Integer))
    op.create_index(
        "campaigns_boosters", "campaigns", ["booster_of"], postgresql_where=sa.text("booster_of IS NOT NULL")
    )
