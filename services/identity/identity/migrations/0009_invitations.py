"""Users who are invited by mail, and the links of invitations."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    ALTER TABLE users ADD COLUMN invited_at timestamptz;
    ALTER TABLE one_time_links DROP CONSTRAINT ck_one_time_links_purpose;
    ALTER TABLE one_time_links ADD CONSTRAINT ck_one_time_links_purpose
        CHECK (purpose IN ('password_reset', 'email_change', 'invitation'));
    """)
