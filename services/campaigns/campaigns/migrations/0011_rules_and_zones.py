"""Rules of an account's campaigns, who approved one, and the local time of those that go by recipients' zones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "campaign_rules",
        sa.Column("account_id", UUID(as_uuid=True), primary_key=True),
        sa.Column("quiet_hours", JSONB),
        sa.Column("approval_above", sa.Integer),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.add_column("campaigns", sa.Column("local_at", sa.DateTime(timezone=False)))
    op.add_column("campaigns", sa.Column("awaits_approval", sa.Boolean, nullable=False, server_default=sa.false()))
    for name in ("scheduled_by", "changed_by", "approved_by"):
        op.add_column("campaigns", sa.Column(name, UUID(as_uuid=True)))
    op.add_column("campaigns", sa.Column("approved_at", sa.DateTime(timezone=True)))
