"""The answer that a refresh token got, for some seconds in which it may come again."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE session_tokens ADD COLUMN answer bytea")
