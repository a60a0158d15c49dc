"""Optional parameters of carriers that partners get with receipts and messages from phones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("carriers", sa.Column("passed_on", pg.ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")))
    op.add_column("parked_receipts", sa.Column("parameters", pg.JSONB))


def downgrade() -> None:
    op.drop_column("parked_receipts", "parameters")
    op.drop_column("carriers", "passed_on")
