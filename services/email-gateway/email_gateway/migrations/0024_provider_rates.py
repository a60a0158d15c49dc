"""How many mails a second each outbound process may give to a provider."""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE provider_places ADD COLUMN rate integer NOT NULL DEFAULT 0")


def downgrade() -> None:
    op.execute("ALTER TABLE provider_places DROP COLUMN rate")
