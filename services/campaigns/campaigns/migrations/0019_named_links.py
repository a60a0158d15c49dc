"""Named links of accounts, and when they were followed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "named_links",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("suffix", sa.String, nullable=False, unique=True),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("name", sa.String),
        sa.Column("clicks", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.create_index("named_links_account", "named_links", ["account_id", "created_at", "id"])
    op.create_table(
        "named_link_clicks",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("link_id", sa.Uuid, sa.ForeignKey("named_links.id", ondelete="CASCADE"), nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_machine", sa.Boolean, nullable=False),
    )
    op.create_index("named_link_clicks_link", "named_link_clicks", ["link_id", "created_at", "id"])
    op.create_index("named_link_clicks_at", "named_link_clicks", ["created_at"])
