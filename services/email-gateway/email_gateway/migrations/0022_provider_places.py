"""How many of a provider's connections each outbound process may hold."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE provider_places (source text NOT NULL, provider text NOT NULL, instance_id uuid NOT NULL,"
        " places integer NOT NULL, is_busy boolean NOT NULL, expires_at timestamptz NOT NULL,"
        " PRIMARY KEY (source, provider, instance_id))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE provider_places")
