"""Who answered: the mail server's host, the carrier's name."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    # Without a default, so that no row of any partition is written.
    op.execute('ALTER TABLE messages ADD COLUMN peer text COLLATE "C"')
    op.execute('ALTER TABLE state_history ADD COLUMN peer text COLLATE "C"')


def downgrade() -> None:
    op.execute("ALTER TABLE messages DROP COLUMN peer")
    op.execute("ALTER TABLE state_history DROP COLUMN peer")
