"""A number of Meta's is active in one account; what people wrote is found by trigrams, as in SMS."""

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
    indexes.create(op, "inbound_text", "inbound USING gin (account_id, text gin_trgm_ops)")
    op.execute("DROP INDEX senders_phone_number")
    op.execute("CREATE UNIQUE INDEX senders_active_number ON senders (phone_number_id) WHERE state = 'active'")


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
