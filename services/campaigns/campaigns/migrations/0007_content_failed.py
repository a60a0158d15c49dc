"""Messages rejected by their content, by the code; and what was counted when the campaign was last resumed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("content_failed", JSONB, nullable=False, server_default="{}"))
    for name in ("content_failed_before", "counted_before"):
        op.add_column("campaigns", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
