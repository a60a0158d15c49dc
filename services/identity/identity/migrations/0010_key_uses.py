"""Where API keys were last used."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    CREATE TABLE api_key_uses (
        api_key_id uuid NOT NULL
            CONSTRAINT fk_api_key_uses_api_key_id_api_keys REFERENCES api_keys (id) ON DELETE CASCADE,
        address varchar NOT NULL,
        last_at timestamptz NOT NULL,
        CONSTRAINT pk_api_key_uses PRIMARY KEY (api_key_id, address)
    );
    """)
