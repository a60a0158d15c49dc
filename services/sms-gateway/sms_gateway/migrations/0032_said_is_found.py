"""What phones said is found by trigrams, as contacts are; and what came before it was kept as text is filled in.

Answers are few beside messages: what sorting one in costs is of no account.
"""

from __future__ import annotations

from alembic import op

from chassis import indexes

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
    indexes.create(op, "inbound_sms_without_text", "inbound_sms (id) WHERE said IS NULL")
    indexes.create(op, "inbound_sms_said", "inbound_sms USING gin (account_id, said gin_trgm_ops)")


def downgrade() -> None:
    op.execute("DROP INDEX inbound_sms_said")
    op.execute("DROP INDEX inbound_sms_without_text")
