"""Of two suspensions of an account, which is the later."""

from __future__ import annotations

from alembic import op

from chassis import suspensions

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    suspensions.add_version(op)
