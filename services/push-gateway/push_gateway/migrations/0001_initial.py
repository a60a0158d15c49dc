"""The tables of a channel, applications and their devices."""

from __future__ import annotations

from alembic import op

from channel import tables
from chassis import erasures
from chassis.tables import create_inbox, create_outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Keys are sealed by `chassis.secrets`; what else the providers know an application by is no secret.
APPLICATIONS = """
CREATE TABLE applications (
    id          uuid PRIMARY KEY,
    account_id  uuid NOT NULL,
    name        text NOT NULL,
    title       text NOT NULL,
    app_key     text NOT NULL UNIQUE,
    proof_key   bytea NOT NULL,
    fcm         jsonb,
    fcm_key     bytea,
    apns        jsonb,
    apns_key    bytea,
    vapid_key   text NOT NULL,
    vapid_pem   bytea NOT NULL,
    web_contact text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, name)
);
"""
DEVICES = """
CREATE TABLE devices (
    id             uuid PRIMARY KEY,
    account_id     uuid NOT NULL,
    application_id uuid NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    platform       text NOT NULL,
    token          text NOT NULL,
    token_hash     bytea NOT NULL,
    keys           jsonb,
    language       text,
    time_zone      text,
    contact_id     uuid,
    created_at     timestamptz NOT NULL DEFAULT now(),
    seen_at        timestamptz NOT NULL DEFAULT now(),
    UNIQUE (application_id, token_hash)
);
CREATE INDEX devices_contact ON devices (account_id, contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX devices_application ON devices (application_id, id);
"""


def upgrade() -> None:
    create_outbox(op)
    create_inbox(op)
    erasures.create(op)
    tables.create_all(op)
    op.execute(APPLICATIONS)
    op.execute(DEVICES)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
