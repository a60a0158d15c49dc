"""Sender domains: what is in place of their records, since when these are lost, names of their own, keys in turn."""

from __future__ import annotations

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE sender_domains ADD COLUMN seen jsonb NOT NULL DEFAULT '{}', ADD COLUMN lost_at timestamptz,"
        " ADD COLUMN stopped_at timestamptz, ADD COLUMN return_path_label text NOT NULL DEFAULT 'bounces',"
        " ADD COLUMN link_label text NOT NULL DEFAULT 'link'"
    )
    op.execute(
        "ALTER TABLE dkim_keys ADD COLUMN state text NOT NULL DEFAULT 'active', ADD COLUMN retired_at timestamptz"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE dkim_keys DROP COLUMN state, DROP COLUMN retired_at")
    op.execute(
        "ALTER TABLE sender_domains DROP COLUMN seen, DROP COLUMN lost_at, DROP COLUMN stopped_at,"
        " DROP COLUMN return_path_label, DROP COLUMN link_label"
    )
