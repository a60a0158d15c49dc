"""Messages from phones, and what carriers sent that nobody understands."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TIME = pg.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "inbound_sms",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("carrier_id", sa.Uuid, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("data_coding", sa.SmallInteger, nullable=False),
        sa.Column("esm_class", sa.SmallInteger, nullable=False),
        sa.Column("octets", sa.LargeBinary, nullable=False),
        sa.Column("received_at", TIME, nullable=False, index=True),
    )
    op.create_table(
        "unread_deliveries",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("carrier_id", sa.Uuid, nullable=False),
        sa.Column("frame", sa.LargeBinary, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("received_at", TIME, nullable=False),
    )
    op.create_index("unread_deliveries_by_carrier", "unread_deliveries", ["carrier_id", "id"])
