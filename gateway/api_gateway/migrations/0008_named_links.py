"""Named links of accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "named_links",
        sa.Column("link_id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False, index=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("suffix", sa.String, nullable=False, index=True),
        sa.Column("target", sa.Text),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
    )
