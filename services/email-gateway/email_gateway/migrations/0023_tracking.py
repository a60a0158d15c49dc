"""Whether links and openings of the mail that an SMTP account submits are recorded."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE smtp_accounts ADD COLUMN tracks_clicks boolean NOT NULL DEFAULT false,"
        " ADD COLUMN tracks_opens boolean NOT NULL DEFAULT false"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE smtp_accounts DROP COLUMN tracks_clicks, DROP COLUMN tracks_opens")
