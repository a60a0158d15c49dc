"""Suspected ranges keep their numbers in place of a count of messages, and what is held has an index of its own; who
says STOP in the beginning of a long message is confirmed once the rest has come.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from chassis import indexes

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

TIME = pg.TIMESTAMP(timezone=True)


def upgrade() -> None:
    indexes.create(op, "retries_range_held", "retries (account_id, reason) WHERE reason LIKE 'range_held%'")
    op.create_table(
        "range_numbers",
        sa.Column("account_id", sa.Uuid, primary_key=True),
        sa.Column("range", sa.Text, primary_key=True),
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("seen_at", TIME, nullable=False, index=True),
    )
    op.drop_table("range_counts")
    op.add_column("stops", sa.Column("awaits_reply", sa.Boolean, nullable=False, server_default="false"))


def downgrade() -> None:
    op.drop_column("stops", "awaits_reply")
    op.drop_table("range_numbers")
    op.create_table(
        "range_counts",
        sa.Column("account_id", sa.Uuid, primary_key=True),
        sa.Column("range", sa.Text, primary_key=True),
        sa.Column("started_at", TIME, nullable=False, index=True),
        sa.Column("numbers", sa.Integer, nullable=False),
    )
    op.execute("DROP INDEX retries_range_held")
