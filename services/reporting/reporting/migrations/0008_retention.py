"""Retention: for how long plans keep campaigns, and which days are cleared; an account's hours by an index."""

from __future__ import annotations

from alembic import op

from chassis import indexes

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    # Of an account's counters, of which most are of domains and links, the hours (`store/counters.py`).
    indexes.create(op, "counters_hours", "counters (account_id, key) WHERE dimension = 1")
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
