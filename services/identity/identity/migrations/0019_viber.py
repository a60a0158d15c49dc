"""The quota of Viber messages (a limit of null is no limit), and the right to send them."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# Every plan allows as many as SMS; who founded an account may do everything in it, this too.
VIBER = """
ALTER TABLE plans ADD COLUMN viber bigint;
UPDATE plans SET viber = sms;
UPDATE users SET permissions = array_append(permissions, 'viber') WHERE is_owner AND NOT 'viber' = ANY(permissions);
"""


def upgrade() -> None:
    op.execute(VIBER)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
