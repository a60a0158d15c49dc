"""Single messages that are due are found at once behind a campaign's."""

from __future__ import annotations

from alembic import op

from channel import tables

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tables.add_single_messages_to_retries(op)
