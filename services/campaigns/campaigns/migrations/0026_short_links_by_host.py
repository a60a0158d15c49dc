"""Whether a host is any account's."""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("short_link_hosts_by_host", "short_link_hosts", ["host"])


def downgrade() -> None:
    op.drop_index("short_link_hosts_by_host")
