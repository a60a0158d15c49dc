"""Certificates that partners must present to the SMPP server."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("smpp_accounts", sa.Column("client_certificates", sa.Text))
    op.add_column(
        "smpp_accounts", sa.Column("client_pins", pg.ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'"))
    )


def downgrade() -> None:
    for name in ("client_certificates", "client_pins"):
        op.drop_column("smpp_accounts", name)
