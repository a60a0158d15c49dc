"""The quota of push messages; a limit of null is no limit."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# Plans that operators have made allow as many as e-mails.
PUSH = """
ALTER TABLE plans ADD COLUMN push bigint;
UPDATE plans SET push = email;
"""


def upgrade() -> None:
    op.execute(PUSH)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
