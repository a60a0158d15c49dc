"""Contents whose time is over, and devices of nobody by when they were seen: made while the service runs."""

from __future__ import annotations

from alembic import op

from chassis import indexes

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    indexes.create(op, "contents_keep_until", "contents (keep_until) WHERE keep_until IS NOT NULL")
    indexes.create(op, "devices_unowned", "devices (seen_at) WHERE contact_id IS NULL")


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
