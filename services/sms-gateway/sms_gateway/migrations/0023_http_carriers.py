"""Carriers that are reached by HTTP."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("carriers", sa.Column("kind", sa.Text, nullable=False, server_default="smpp"))
    op.add_column("carriers", sa.Column("http", pg.JSONB))
    op.add_column("carriers", sa.Column("token", sa.LargeBinary))
    op.add_column("carriers", sa.Column("hook_secret", sa.LargeBinary))
