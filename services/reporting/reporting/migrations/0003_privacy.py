"""Who was erased: what comes later of their messages is written down without them."""

from __future__ import annotations

from alembic import op

from chassis import erasures

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    erasures.create(op)
