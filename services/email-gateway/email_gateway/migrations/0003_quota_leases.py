"""Blocks of quota that identity has granted."""

from __future__ import annotations

from alembic import op

from channel import tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tables.create_quota_leases(op)
