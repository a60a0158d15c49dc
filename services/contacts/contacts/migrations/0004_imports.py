"""Imports: who of an account is running, found without reading its finished work."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

IMPORTS = """
CREATE INDEX jobs_running ON jobs (account_id, kind) WHERE state = 'running';
"""


def upgrade() -> None:
    op.execute(IMPORTS)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
