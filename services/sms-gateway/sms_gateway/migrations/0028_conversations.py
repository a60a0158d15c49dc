"""What was sent to phones that have answered, and the text of what they said, to be searched."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

TIME = pg.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.add_column("inbound_sms", sa.Column("said", sa.Text))
    op.create_table(
        "conversation_messages",
        sa.Column("message_id", sa.Uuid, primary_key=True),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("phone", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("campaign_id", sa.Uuid),
        sa.Column("sent_at", TIME, nullable=False, index=True),
    )
    op.create_index("conversation_messages_by_phone", "conversation_messages", ["account_id", "phone", "id"])
