"""Who made a key, when a session was last proved, log-ins under way, and where log-ins have come from."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    ALTER TABLE api_keys ADD COLUMN made_by uuid
        CONSTRAINT fk_api_keys_made_by REFERENCES api_keys (id) ON DELETE SET NULL;
    CREATE INDEX ix_api_keys_made_by ON api_keys (made_by) WHERE made_by IS NOT NULL;
    ALTER TABLE sessions ADD COLUMN proved_at timestamptz NOT NULL DEFAULT now();
    UPDATE sessions SET proved_at = created_at;
    ALTER TABLE login_throttles ADD COLUMN under_way bigint NOT NULL DEFAULT 0;
    CREATE TABLE login_places (
        key bytea NOT NULL CONSTRAINT pk_login_places PRIMARY KEY,
        login_key bytea NOT NULL,
        last_seen_at timestamptz NOT NULL
    );
    CREATE INDEX ix_login_places_login_key ON login_places (login_key);
    CREATE INDEX ix_login_places_last_seen_at ON login_places (last_seen_at);
    """)
