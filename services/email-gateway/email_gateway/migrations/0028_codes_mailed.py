"""Each code that was mailed to a sender address, for a day: one is mailed again, and addresses are deleted.

The index of 0006 stays for processes of the version before, which count by it while a release rolls out.
"""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE codes_mailed (account_id uuid NOT NULL, email text NOT NULL, mailed_at timestamptz NOT NULL)"
    )
    op.execute("CREATE INDEX codes_mailed_at ON codes_mailed (mailed_at)")
    op.execute(
        "INSERT INTO codes_mailed (account_id, email, mailed_at) SELECT account_id, email, created_at"
        " FROM sender_addresses WHERE code_expires_at IS NOT NULL AND created_at > now() - interval '1 day'"
    )


def downgrade() -> None:
    op.execute("DROP TABLE codes_mailed")
