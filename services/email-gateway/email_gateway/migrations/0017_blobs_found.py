"""Whether another content is of the same octets is asked by an index, made while the service runs."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# As `store.people` asks.
_BLOB = "coalesce(document #>> '{mail,blob}', document #>> '{files,blob}')"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that was broken off is there and of no use.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS contents_blob")
        op.execute(
            f"CREATE INDEX CONCURRENTLY contents_blob ON contents (account_id, ({_BLOB}))"
            " WHERE document ? 'mail' OR document ? 'files'"
        )


def downgrade() -> None:
    op.execute("DROP INDEX contents_blob")
