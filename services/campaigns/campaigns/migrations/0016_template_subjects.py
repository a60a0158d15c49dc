"""A template's subject in a column of its own: a search reads it without the content, which may have a megabyte."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

AT_ONCE = 200  # templates, of up to a megabyte each
FILL = sa.text(
    "WITH next AS (SELECT id FROM templates WHERE id > :after ORDER BY id LIMIT :limit),"
    " filled AS (UPDATE templates t SET subject = content ->> 'subject' FROM next"
    "  WHERE t.id = next.id AND subject IS NULL)"
    " SELECT id FROM next ORDER BY id DESC LIMIT 1"
)


def upgrade() -> None:
    """Each statement is committed by itself: nobody who reads or saves a template waits for all of them."""
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE templates ADD COLUMN IF NOT EXISTS subject text")
        after: UUID | None = UUID(int=0)
        while after is not None:
            after = op.get_bind().scalar(FILL, {"after": after, "limit": AT_ONCE})
