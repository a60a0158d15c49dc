"""Folders and tags of campaigns, and who was left out of one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, UUID

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("folder", sa.String))
    op.add_column("campaigns", sa.Column("tags", ARRAY(sa.String), nullable=False, server_default="{}"))
    op.create_table(
        "campaign_left_out",
        sa.Column(
            "campaign_id",
            UUID(as_uuid=True),
            sa.ForeignKey("campaigns.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("account_id", UUID(as_uuid=True), nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("contact_id", UUID(as_uuid=True)),
    )
