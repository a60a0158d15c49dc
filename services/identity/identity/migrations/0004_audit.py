"""Ways into the audit trail: by what was changed, and by what operators and the platform itself did."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    CREATE INDEX ix_audit_entries_account_id_target_id_id ON audit_entries (account_id, target_id, id);
    CREATE INDEX ix_audit_entries_operators ON audit_entries (id) WHERE operator_id IS NOT NULL OR account_id IS NULL;
    """)
