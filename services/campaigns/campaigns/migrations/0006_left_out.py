"""Who of a numbered audience is not sent to, counted by the reason; and which numbers a batch with gaps holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("left_out", "channel_left_out"):
        op.add_column("campaigns", sa.Column(name, JSONB, nullable=False, server_default="{}"))
    op.add_column("campaign_batches", sa.Column("numbers", ARRAY(sa.Integer)))
