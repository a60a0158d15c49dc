"""Parts of long messages from phones, and how many of a message came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TIME = pg.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "inbound_parts",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("carrier_id", sa.Uuid, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("phone", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("reference", sa.Integer, nullable=False),
        sa.Column("total", sa.SmallInteger, nullable=False),
        sa.Column("part", sa.SmallInteger, nullable=False),
        sa.Column("data_coding", sa.SmallInteger, nullable=False),
        sa.Column("esm_class", sa.SmallInteger, nullable=False),
        sa.Column("octets", sa.LargeBinary, nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("joined_at", TIME, index=True),
    )
    op.create_index("inbound_parts_by_message", "inbound_parts", ["phone", "number", "reference", "total"])
    op.create_index(
        "inbound_parts_waiting",
        "inbound_parts",
        ["phone", "number", "reference", "total"],
        postgresql_where=sa.text("joined_at IS NULL"),
    )
    op.add_column("inbound_sms", sa.Column("parts", sa.SmallInteger, nullable=False, server_default="1"))
    op.add_column("inbound_sms", sa.Column("missing_parts", pg.JSONB, nullable=False, server_default="[]"))
