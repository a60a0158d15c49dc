"""How often people answered a campaign's messages, and swiped its pushes away."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute("ALTER TABLE counters ADD COLUMN answers bigint NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE counters ADD COLUMN dismissed bigint NOT NULL DEFAULT 0")


def downgrade() -> None:
    op.execute("ALTER TABLE counters DROP COLUMN answers, DROP COLUMN dismissed")
