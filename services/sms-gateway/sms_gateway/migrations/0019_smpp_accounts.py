"""Partners' SMPP accounts, their binds, and what is delivered to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TIME = pg.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "smpp_accounts",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False, index=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("system_id", sa.Text, nullable=False, unique=True),
        sa.Column("password_hash", sa.LargeBinary, nullable=False),
        sa.Column("ip_list", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("senders", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("max_binds", sa.Integer, nullable=False),
        sa.Column("rate", sa.Integer, nullable=False),
        sa.Column("window", sa.Integer, nullable=False),
        sa.Column("answers", sa.Boolean, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("last_refused", pg.JSONB),
        sa.Column("created_at", TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("updated_at", TIME, nullable=False, server_default=sa.func.now()),
    )
    op.create_table(
        "smpp_binds",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("smpp_account_id", sa.Uuid, nullable=False, index=True),
        sa.Column("account_id", sa.Uuid, nullable=False, index=True),
        sa.Column("state", pg.JSONB, nullable=False),
        sa.Column("expires_at", TIME, nullable=False, index=True),
    )
    op.create_table(
        "smpp_deliveries",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("smpp_account_id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False, index=True),
        sa.Column("message_id", sa.Uuid, nullable=True, index=True),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("body", pg.JSONB, nullable=False),
    )
    op.create_index("smpp_deliveries_due", "smpp_deliveries", ["smpp_account_id", "due_at", "id"])
    op.add_column("sends", sa.Column("smpp_account_id", sa.Uuid, nullable=True))
    op.add_column("sends", sa.Column("smpp", pg.JSONB, nullable=True))
