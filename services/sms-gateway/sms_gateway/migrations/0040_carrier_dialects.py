"""What a carrier has of its own in SMPP: optional parameters of each message, and what its errors mean."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("parameters", "errors"):
        op.add_column("carriers", sa.Column(name, pg.JSONB))


def downgrade() -> None:
    for name in ("parameters", "errors"):
        op.drop_column("carriers", name)
