"""A person's messages are found by their number, however the carrier writes it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("inbound_sms_by_source", "inbound_sms", [sa.text("regexp_replace(lower(source), '^([+]|00)', '')")])
