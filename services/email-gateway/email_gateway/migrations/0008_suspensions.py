"""Accounts that an operator has suspended."""

from __future__ import annotations

from alembic import op

from chassis import suspensions

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    suspensions.create(op)
