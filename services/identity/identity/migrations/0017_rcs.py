"""The quota of rcs messages (a limit of null is no limit), and the right to send them."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# Every plan allows as many as SMS; who founded an account may do everything in it, this too.
RCS = """
ALTER TABLE plans ADD COLUMN rcs bigint;
UPDATE plans SET rcs = sms;
UPDATE users SET permissions = array_append(permissions, 'rcs') WHERE is_owner AND NOT 'rcs' = ANY(permissions);
"""


def upgrade() -> None:
    op.execute(RCS)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
