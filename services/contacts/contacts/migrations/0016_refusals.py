"""Whether refusals were kept with an entry of the archive all along, and when a START took a STOP back.

Entries of before know only of some refusals that came after them: they are not restored for many at once.
"""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE archive ADD COLUMN withdrawn_at timestamptz,"
        " ADD COLUMN keeps_refusals boolean NOT NULL DEFAULT false"
    )
    op.execute("ALTER TABLE archive ALTER COLUMN keeps_refusals SET DEFAULT true")
    op.execute(
        "CREATE INDEX archive_withdrawn ON archive (account_id, channel, address) WHERE withdrawn_at IS NOT NULL"
    )


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
