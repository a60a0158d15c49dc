"""Until when the content of a single send is kept; those of campaigns, and those of before, for ever."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE contents ADD COLUMN keep_until timestamptz")
    op.execute("CREATE INDEX contents_keep_until ON contents (keep_until) WHERE keep_until IS NOT NULL")


def downgrade() -> None:
    op.execute("DROP INDEX contents_keep_until")
    op.execute("ALTER TABLE contents DROP COLUMN keep_until")
