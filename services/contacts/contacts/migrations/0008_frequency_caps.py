"""Frequency caps of accounts, and which contacts of those had a message of which campaign when."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Rows of `recent_sends` are held of accounts with a cap alone. The key answers how many a contact had by an index-only
# scan of its few rows.
TABLES = """
CREATE TABLE frequency_caps (
    account_id uuid PRIMARY KEY,
    messages   integer NOT NULL,
    days       integer NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE TABLE recent_sends (
    account_id  uuid NOT NULL,
    contact_id  uuid NOT NULL,
    campaign_id uuid NOT NULL,
    day         date NOT NULL,
    PRIMARY KEY (account_id, contact_id, campaign_id) INCLUDE (day)
);
CREATE INDEX recent_sends_day ON recent_sends (day);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
