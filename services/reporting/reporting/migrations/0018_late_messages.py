"""Messages that are kept longer than their day: they wait to be sent, or were sent long after they were accepted."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute("CREATE TABLE late_messages (message_id uuid PRIMARY KEY)")


def downgrade() -> None:
    op.execute("DROP TABLE late_messages")
