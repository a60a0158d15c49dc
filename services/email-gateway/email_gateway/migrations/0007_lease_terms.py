"""Where an account may spend the quota that it was granted."""

from __future__ import annotations

from alembic import op

from channel import tables

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tables.add_terms_to_quota_leases(op)
