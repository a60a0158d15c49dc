"""A template's subject in a column of its own: a search reads it without the content, which may have a megabyte."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("templates", sa.Column("subject", sa.Text, sa.Computed("content ->> 'subject'", persisted=True)))
