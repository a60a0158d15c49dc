"""Who was erased lately, and the way to a person's messages."""

from __future__ import annotations

from alembic import op

from chassis import erasures

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    erasures.create(op)
    # Addresses come in no order; an index on four bytes of each costs half of one on all of it.
    op.execute("CREATE INDEX ledger_address ON ledger (hashtext(address))")
    # Single messages alone name their content; it goes with the last of them.
    op.execute("CREATE INDEX ledger_content ON ledger (content_hash) WHERE content_hash IS NOT NULL")
