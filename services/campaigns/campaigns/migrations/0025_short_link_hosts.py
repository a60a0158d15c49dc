"""The hosts of accounts that their named links start with."""

from __future__ import annotations

from alembic import op

from chassis import short_link_hosts

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    short_link_hosts.create(op)
