"""Addresses that are tested before a webhook has them."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute("ALTER TABLE webhooks ADD COLUMN is_trial boolean NOT NULL DEFAULT false")
    op.execute("CREATE INDEX webhooks_trials ON webhooks (created_at) WHERE is_trial AND deleted_at IS NULL")


def downgrade() -> None:
    raise NotImplementedError("what customers have set up is not taken back")
