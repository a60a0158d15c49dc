"""Slots of what a tenant has going on at once, over all workers; unlogged: a crash of PostgreSQL frees them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "slots",
        sa.Column("subject", sa.String(100), primary_key=True),
        sa.Column("slot_id", sa.Uuid, primary_key=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        prefixes=["UNLOGGED"],
    )


def downgrade() -> None:
    op.drop_table("slots")
