"""Of an account's domains one may lend its host to short and named links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sender_domains", sa.Column("short_links", sa.Boolean, nullable=False, server_default="false"))


def downgrade() -> None:
    op.drop_column("sender_domains", "short_links")
