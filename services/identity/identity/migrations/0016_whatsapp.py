"""The quota of WhatsApp messages (a limit of null is no limit), and the right to send them."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# Every plan allows as many as SMS; who founded an account may do everything in it, this too.
WHATSAPP = """
ALTER TABLE plans ADD COLUMN whatsapp bigint;
UPDATE plans SET whatsapp = sms;
UPDATE users SET permissions = array_append(permissions, 'whatsapp')
WHERE is_owner AND NOT 'whatsapp' = ANY(permissions);
"""


def upgrade() -> None:
    op.execute(WHATSAPP)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
