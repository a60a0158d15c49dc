"""Links are known by their number in the content."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("ALTER TABLE links ADD COLUMN number smallint")


def downgrade() -> None:
    raise NotImplementedError("the log is not taken back")
