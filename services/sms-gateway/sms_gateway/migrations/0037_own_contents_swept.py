"""What partners' messages say and may have to be looked at for the sweep: the last days' alone."""

from __future__ import annotations

from alembic import op

from chassis import indexes

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    indexes.create(op, "sends_with_content", "sends (send_id) WHERE content IS NOT NULL")


def downgrade() -> None:
    op.execute("DROP INDEX sends_with_content")
