"""Answers of idempotent requests, and rate windows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "idempotent_requests",
        sa.Column("account_id", sa.Uuid, primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("request_key", sa.Uuid, nullable=False),
        sa.Column("lock_id", sa.Uuid, nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("status", sa.SmallInteger),
        sa.Column("headers", postgresql.JSONB),
        sa.Column("body", sa.LargeBinary),
    )
    op.create_index("idempotent_requests_created_at", "idempotent_requests", ["created_at"])
    op.create_table(
        "rate_windows",
        sa.Column("subject", sa.String(100), primary_key=True),
        sa.Column("window_start", sa.BigInteger, primary_key=True),
        sa.Column("leased", sa.BigInteger, nullable=False),
        sa.Column("granted", sa.BigInteger, nullable=False),
        prefixes=["UNLOGGED"],
    )
    op.create_index("rate_windows_window_start", "rate_windows", ["window_start"])


def downgrade() -> None:
    op.drop_table("rate_windows")
    op.drop_table("idempotent_requests")
