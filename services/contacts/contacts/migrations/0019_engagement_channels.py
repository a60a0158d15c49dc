"""Of which channel what became of campaigns' messages was; of what was told before, nobody knows."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE engagement ADD COLUMN channel text")


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
