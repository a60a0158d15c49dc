"""How long the answer to a submit_sm is waited for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("carriers", sa.Column("response_timeout", sa.Integer, nullable=False, server_default="60"))
