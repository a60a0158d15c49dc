"""Messages from phones by their carrier's id, and the secret that a carrier's hook had before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

TIME = pg.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "inbound_ids",
        sa.Column("carrier_id", sa.Uuid, primary_key=True),
        sa.Column("carrier_message_id", sa.Text, primary_key=True),
        sa.Column("came_at", TIME, nullable=False, server_default=sa.func.now(), index=True),
    )
    op.add_column("carriers", sa.Column("previous_hook_secret", sa.LargeBinary))
    op.add_column("carriers", sa.Column("hook_secret_changed_at", TIME))
