"""The states of campaigns, so that nothing of a paused or cancelled one leaves."""

from __future__ import annotations

from alembic import op

from channel import tables

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tables.create_campaign_states(op)
    tables.add_campaigns_to_retries(op)
