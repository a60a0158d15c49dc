"""Contents whose time is over are found by an index, made while the service runs."""

from __future__ import annotations

from alembic import op

from chassis import indexes

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    indexes.create(op, "contents_keep_until", "contents (keep_until) WHERE keep_until IS NOT NULL")


def downgrade() -> None:
    op.execute("DROP INDEX contents_keep_until")
