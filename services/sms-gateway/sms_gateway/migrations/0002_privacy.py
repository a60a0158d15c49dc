"""Who was erased lately."""

from __future__ import annotations

from alembic import op

from chassis import erasures

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    erasures.create(op)
