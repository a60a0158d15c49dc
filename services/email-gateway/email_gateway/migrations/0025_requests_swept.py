"""Keys of requests that are old are found by an index, made while the service runs."""

from __future__ import annotations

from alembic import op

from chassis import indexes

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    indexes.create(op, "requests_send_id", "requests (send_id)")


def downgrade() -> None:
    op.execute("DROP INDEX requests_send_id")
