"""Where an account's days begin and end, as identity tells of it; the default is the one that accounts begin with."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE accounts ADD COLUMN time_zone text NOT NULL DEFAULT 'Europe/Warsaw',"
        " ADD COLUMN zone_said_at timestamptz"
    )
