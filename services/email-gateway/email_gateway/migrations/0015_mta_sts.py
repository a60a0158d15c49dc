"""Policies of recipients' domains on TLS (MTA-STS): what was fetched holds for as long as it said."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE mta_sts_policies (domain text PRIMARY KEY, policy_id text NOT NULL, mode text NOT NULL,"
        " hosts text[] NOT NULL, expires_at timestamptz NOT NULL)"
    )
    op.execute("CREATE INDEX mta_sts_policies_expiry ON mta_sts_policies (expires_at)")


def downgrade() -> None:
    op.execute("DROP TABLE mta_sts_policies")
