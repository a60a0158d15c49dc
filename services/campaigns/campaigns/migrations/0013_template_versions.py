"""Templates have folders, an editor's design, a report, and every version that was saved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("templates", sa.Column("folder", sa.String, nullable=False, server_default=""))
    op.add_column("templates", sa.Column("design", JSONB))
    op.add_column("templates", sa.Column("report", JSONB))
    op.add_column("templates", sa.Column("version", sa.Integer, nullable=False, server_default="1"))
    op.create_table(
        "template_versions",
        sa.Column(
            "template_id",
            UUID(as_uuid=True),
            sa.ForeignKey("templates.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("account_id", UUID(as_uuid=True), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("design", JSONB),
        sa.Column("created_by", UUID(as_uuid=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
