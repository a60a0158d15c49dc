"""Ranges of numbers are counted and held over all accounts too: by the range first."""

from __future__ import annotations

from alembic import op

from chassis import indexes

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

HELD = "WHERE reason LIKE 'range_held%'"


def upgrade() -> None:
    indexes.create(op, "retries_by_held_range", f"retries (reason, account_id) {HELD}")
    indexes.create(op, "range_numbers_by_range", "range_numbers (range, seen_at)")
    op.execute("DROP INDEX retries_range_held")


def downgrade() -> None:
    indexes.create(op, "retries_range_held", f"retries (account_id, reason) {HELD}")
    op.execute("DROP INDEX range_numbers_by_range")
    op.execute("DROP INDEX retries_by_held_range")
