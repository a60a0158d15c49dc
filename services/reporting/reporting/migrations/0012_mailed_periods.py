"""Reports by mail: of which week or month the last one was, so that another time zone brings none a second time."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("ALTER TABLE report_schedules ADD COLUMN last_period date")


def downgrade() -> None:
    raise NotImplementedError("what customers have set up is not taken back")
