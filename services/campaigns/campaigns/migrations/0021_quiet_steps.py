"""Quiet hours of steps, and the zone in which they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message_chains", sa.Column("time_zone", sa.String))
    op.add_column("chain_steps", sa.Column("quiet_hours", JSONB))
