"""Retention: up to which message an account's campaigns were deleted, whatever its plan keeps later."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("CREATE TABLE cleared_sends (account_id uuid PRIMARY KEY, last_id uuid NOT NULL)")


def downgrade() -> None:
    raise NotImplementedError("what is deleted is not brought back")
