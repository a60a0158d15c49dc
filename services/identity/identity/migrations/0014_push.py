"""The quota of push messages (a limit of null is no limit), and the right to send them."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# Every plan allows as many as e-mails; who founded an account may do everything in it, this too.
PUSH = """
ALTER TABLE plans ADD COLUMN push bigint;
UPDATE plans SET push = email;
UPDATE users SET permissions = array_append(permissions, 'push') WHERE is_owner AND NOT 'push' = ANY(permissions);
"""


def upgrade() -> None:
    op.execute(PUSH)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
