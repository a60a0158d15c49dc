"""A/B tests: the variants as drafted, their contents at the channel, how many have each, and who won."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("ab_test", "variants", "variant_hashes", "ab_decision"):
        op.add_column("campaigns", sa.Column(name, JSONB))
    op.add_column("campaigns", sa.Column("variant_size", sa.Integer))
    op.add_column("campaigns", sa.Column("winner", sa.Integer))
    op.add_column("campaigns", sa.Column("winner_by", sa.String))
    op.add_column("campaigns", sa.Column("tested_at", sa.DateTime(timezone=True)))
