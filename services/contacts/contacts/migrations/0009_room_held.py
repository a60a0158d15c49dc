"""Room under a frequency cap that is held for who has been read and is about to be sent to.

`held_until` is none where the message is known to have been handed over; else the row counts until then.
"""

from __future__ import annotations

from alembic import op

from chassis import indexes

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE recent_sends ADD COLUMN IF NOT EXISTS held_until timestamptz")
    indexes.create(op, "recent_sends_held", "recent_sends (campaign_id, contact_id) WHERE held_until IS NOT NULL")


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
