"""When a person last said that they want nothing more: a START takes back only what was said before it."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE archive ADD COLUMN said_at timestamptz")
