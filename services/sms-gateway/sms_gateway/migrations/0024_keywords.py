"""Keywords, the confirmation of STOP, and what was answered by itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TIME = pg.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sms_keywords",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("keyword", sa.Text, nullable=False),
        sa.Column("phrase", sa.Text, nullable=False),
        sa.Column("match", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("answer", sa.Text),
        sa.Column("group_id", sa.Uuid),
        sa.Column("grants_consent", sa.Boolean, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_at", TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("updated_at", TIME, nullable=False, server_default=sa.func.now()),
        sa.UniqueConstraint("account_id", "number", "phrase", "match"),
    )
    op.create_table(
        "stop_confirmations",
        sa.Column("account_id", sa.Uuid, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("updated_at", TIME, nullable=False, server_default=sa.func.now()),
    )
    op.create_table(
        "inbound_replies",
        sa.Column("inbound_id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.Uuid, primary_key=True),
        sa.Column("phone", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("keyword_id", sa.Uuid),
        sa.Column("message_id", sa.Uuid),
        sa.Column("made_at", TIME, nullable=False, server_default=sa.func.now(), index=True),
    )
    op.create_index("inbound_replies_by_phone", "inbound_replies", ["account_id", "phone", "number", "made_at"])
