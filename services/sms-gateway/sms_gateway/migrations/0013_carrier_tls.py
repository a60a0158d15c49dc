"""Whom a carrier's TLS is believed by, and what it knows us by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("tls_ca", "tls_pin", "tls_server_name", "tls_certificate"):
        op.add_column("carriers", sa.Column(name, sa.Text))
    op.add_column("carriers", sa.Column("tls_key", sa.LargeBinary))
