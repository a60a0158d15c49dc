"""Answers from phones: whose they are, which message they answer, and what they say about further ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, kind in (
        ("account_id", sa.Uuid), ("campaign_id", sa.Uuid), ("message_id", sa.Uuid), ("wish", sa.Text),
    ):  # fmt: skip
        op.add_column("inbound_sms", sa.Column(name, kind, nullable=True))
    op.create_index("inbound_sms_by_account", "inbound_sms", ["account_id", "id"])
    op.create_table(
        "last_messages",
        sa.Column("phone", sa.Text, primary_key=True),
        sa.Column("sender", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Uuid, primary_key=True),
        sa.Column("message_id", sa.Uuid, nullable=False),
        sa.Column("campaign_id", sa.Uuid),
        sa.Column("contact_id", sa.Uuid),
        sa.Column("sent_at", pg.TIMESTAMP(timezone=True), nullable=False, index=True),
    )
    op.create_table(
        "stops",
        sa.Column("account_id", sa.Uuid, primary_key=True),
        sa.Column("phone", sa.Text, primary_key=True),
        sa.Column("said_at", pg.TIMESTAMP(timezone=True), nullable=False, index=True),
    )
    op.create_index(
        "sender_ids_by_number",
        "sender_ids",
        [sa.text("regexp_replace(lower(sender_key), '^([+]|00)', '')")],
        postgresql_where=sa.text("state = 'active'"),
    )
