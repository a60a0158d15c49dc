"""Which API keys have been rotated: their expiry is the overlap's, and no longer what a new key should have."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE api_keys ADD COLUMN rotated_at timestamptz")
