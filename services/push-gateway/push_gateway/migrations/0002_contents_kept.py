"""Until when the content of a single message is kept; others: for ever."""

from __future__ import annotations

from alembic import op

from channel import tables

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tables.add_keeping_to_contents(op)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
