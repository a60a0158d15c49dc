"""Who unsubscribed or complained, by an index of the log: a few of each thousand messages."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

from chassis import indexes

revision = "0014"
down_revision = "0013"

_WHO = "(message_id) WHERE unsubscribed_at IS NOT NULL OR complained_at IS NOT NULL"


def upgrade() -> None:
    # A partition that is made from here on has its index; those that are there get theirs while they are written.
    with op.get_context().autocommit_block():
        op.execute(f"CREATE INDEX IF NOT EXISTS messages_left ON ONLY messages {_WHO}")
        before = op.get_bind().scalar(text("SELECT current_setting('search_path')"))
        op.execute("SET search_path = public, work")  # where the service makes days' partitions
    for name in _partitions():
        indexes.create(op, f"{name}_left", f"{name} {_WHO}")
        op.execute(f"ALTER INDEX messages_left ATTACH PARTITION {name}_left")
    with op.get_context().autocommit_block():
        op.execute(f"SET search_path = {before}")


def _partitions() -> list[str]:
    """Partitions of the log that have no such index."""
    return list(
        op.get_bind().scalars(
            text(
                "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
                " WHERE i.inhparent = 'messages'::regclass AND NOT EXISTS (SELECT FROM pg_inherits p"
                "  JOIN pg_index x ON x.indexrelid = p.inhrelid WHERE p.inhparent = 'messages_left'::regclass"
                "  AND x.indrelid = c.oid) ORDER BY 1"
            )
        )
    )


def downgrade() -> None:
    op.execute("DROP INDEX messages_left")
