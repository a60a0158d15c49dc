"""What unsubscribe links of a campaign show: pages that campaigns name, and groups that people may leave."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "written_pages",
        sa.Column("page_id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False, index=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("page", pg.JSONB),
    )
    op.create_table(
        "campaign_pages",
        sa.Column("campaign_id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False, index=True),
        sa.Column("page_id", sa.Uuid),
        sa.Column("group_ids", pg.ARRAY(sa.Uuid), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now(), index=True),
    )
    op.create_table(
        "public_lists",
        sa.Column("group_id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False, index=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("texts", pg.JSONB),
    )
