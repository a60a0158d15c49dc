"""Accounts that an operator has suspended."""

from __future__ import annotations

from alembic import op

from chassis import suspensions

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    suspensions.create(op)
