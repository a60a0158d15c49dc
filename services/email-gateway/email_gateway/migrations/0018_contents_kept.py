"""Until when the content of a single send is kept; those of campaigns, and those of before, for ever."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE contents ADD COLUMN keep_until timestamptz")


def downgrade() -> None:
    op.execute("ALTER TABLE contents DROP COLUMN keep_until")
