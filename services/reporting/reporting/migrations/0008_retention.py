"""Retention: how long each account's plan keeps campaigns, and which days have been cleared of which channel."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute(
        "CREATE TABLE account_retention"
        " (account_id uuid PRIMARY KEY, days integer NOT NULL, asked_at timestamptz NOT NULL)"
    )
    op.execute("CREATE INDEX account_retention_days ON account_retention (days)")
    op.execute(
        "CREATE TABLE cleared_days (channel text NOT NULL, day date NOT NULL, cleared_at timestamptz NOT NULL,"
        " PRIMARY KEY (channel, day))"
    )


def downgrade() -> None:
    raise NotImplementedError("the log is not taken back")
