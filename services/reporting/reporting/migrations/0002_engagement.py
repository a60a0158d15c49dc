"""The outbox, to tell contacts what became of campaigns' messages, and the inbox that its relay looks after."""

from __future__ import annotations

from alembic import op

from chassis import tables

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    tables.create_outbox(op)
    tables.create_inbox(op)
    # Bodies are long lists of ids, written once, read once and deleted: compressing them costs and gains nothing.
    op.execute("ALTER TABLE outbox ALTER COLUMN body SET STORAGE EXTERNAL")


def downgrade() -> None:
    raise NotImplementedError("the log is not taken back")
