"""Where accounts may be used from by machines, and log-ins of partners that failed."""

from __future__ import annotations

from alembic import op

from channel import account_networks, login_failures

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    account_networks.create(op)
    login_failures.create(op)
