"""The hosts of accounts that their short links start with."""

from __future__ import annotations

from alembic import op

from chassis import short_link_hosts

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    short_link_hosts.create(op)


def downgrade() -> None:
    op.drop_table("short_link_hosts")
