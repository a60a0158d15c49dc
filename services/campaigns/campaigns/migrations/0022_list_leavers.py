"""How many people left a list by a campaign's unsubscribe page, each message counted once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("left_lists", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "list_leavers",
        sa.Column("message_id", sa.Uuid, primary_key=True),
        sa.Column(
            "campaign_id", sa.Uuid, sa.ForeignKey("campaigns.id", ondelete="CASCADE"), nullable=False, index=True
        ),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=False),
    )
