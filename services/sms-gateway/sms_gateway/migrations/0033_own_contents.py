"""What a partner's message says stands with its send, and no more in a row of its own; the key of a request, which a
partner's message does not have, is not in the index of those that do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sends", sa.Column("content", pg.JSONB))


def downgrade() -> None:
    op.drop_column("sends", "content")
