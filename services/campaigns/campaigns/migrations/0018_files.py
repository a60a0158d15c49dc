"""Files of accounts, and objects of theirs that are to be deleted from storage."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "files",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("media_type", sa.String),
        sa.Column("size", sa.Integer, nullable=False, server_default="0"),
        sa.Column("pieces", sa.Integer, nullable=False, server_default="0"),
        sa.Column("digest", sa.String),
        sa.Column("token", sa.String, unique=True),
        sa.Column("downloads", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.create_index("files_account", "files", ["account_id", "created_at", "id"])
    op.create_index("files_expiry", "files", ["expires_at"], postgresql_where=sa.text("expires_at IS NOT NULL"))
    op.create_table(
        "dropped_files",
        sa.Column("file_id", sa.Uuid, primary_key=True),
        sa.Column("pieces", sa.Integer, nullable=False),
    )
