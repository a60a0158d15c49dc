"""Early reports say until when they wait, revocations since when Google is asked; answers are found by trigrams.

A report's own time may be days before it came (Google's `sendTime`). Answers are few beside messages: what sorting one
in costs is of no account.
"""

from __future__ import annotations

from alembic import op

from chassis import indexes

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
    indexes.create(op, "inbound_rcs_text", "inbound_rcs USING gin (account_id, text gin_trgm_ops)")
    op.execute("ALTER TABLE early_reports ADD COLUMN until timestamptz")
    op.execute("ALTER TABLE revocations ADD COLUMN tried_at timestamptz")


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
