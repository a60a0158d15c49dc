"""Where users have logged in from, so that a log-in from elsewhere can be told to them."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    CREATE TABLE known_devices (
        user_id uuid NOT NULL CONSTRAINT fk_known_devices_user_id REFERENCES users (id) ON DELETE CASCADE,
        device_hash bytea NOT NULL,
        last_seen_at timestamptz NOT NULL,
        CONSTRAINT pk_known_devices PRIMARY KEY (user_id, device_hash)
    );
    CREATE INDEX ix_known_devices_last_seen_at ON known_devices (last_seen_at);
    """)
