"""The tables of a channel; Viber bots, who has subscribed to them, and what people write."""

from __future__ import annotations

from alembic import op

from channel import tables
from chassis import erasures
from chassis.tables import create_inbox, create_outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The token and the key of invitations are sealed by `chassis.secrets`.
SENDERS = """
CREATE TABLE senders (
    id             uuid PRIMARY KEY,
    account_id     uuid NOT NULL,
    name           text NOT NULL,
    title          text NOT NULL,
    hook_name      text NOT NULL UNIQUE,
    state          text NOT NULL,
    reason         text,
    uri            text,
    auth_token     bytea,
    invitation_key bytea NOT NULL,
    hook_at        timestamptz,
    hook_due_at    timestamptz,
    hook_problem   text,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, name)
);
CREATE UNIQUE INDEX senders_active_uri ON senders (uri) WHERE state = 'active';
CREATE INDEX senders_hook_due ON senders (hook_due_at) WHERE hook_due_at IS NOT NULL;
"""
# Viber's id of a person at one bot: whose it is (`linked_at`: by an invitation opened then), and whether they have
# subscribed (`changed_at`: when they came, went or wrote last, as Viber tells). Both come in any order.
SUBSCRIBERS = """
CREATE TABLE subscribers (
    sender_id     uuid NOT NULL REFERENCES senders (id) ON DELETE CASCADE,
    viber_id      text NOT NULL,
    account_id    uuid NOT NULL,
    contact_id    uuid,
    linked_at     timestamptz,
    is_subscribed boolean NOT NULL,
    changed_at    timestamptz,
    PRIMARY KEY (sender_id, viber_id)
);
CREATE INDEX subscribers_contact ON subscribers (account_id, contact_id);
CREATE INDEX subscribers_strangers ON subscribers (changed_at) WHERE contact_id IS NULL;
CREATE INDEX subscribers_never_come ON subscribers (linked_at) WHERE changed_at IS NULL;
"""
# `token`: Viber's number of what was written, once for each. `address`: the contact, else Viber's id of the person.
INBOUND = """
CREATE TABLE inbound (
    id          uuid PRIMARY KEY,
    account_id  uuid NOT NULL,
    sender_id   uuid NOT NULL REFERENCES senders (id) ON DELETE CASCADE,
    token       uuid NOT NULL,
    address     text NOT NULL,
    contact_id  uuid,
    kind        text NOT NULL,
    text        text,
    payload     text,
    message_id  uuid,
    wish        text,
    received_at timestamptz NOT NULL,
    UNIQUE (sender_id, token)
);
CREATE INDEX inbound_account ON inbound (account_id, id);
CREATE INDEX inbound_address ON inbound (account_id, address);
CREATE INDEX inbound_strangers ON inbound (sender_id, address) WHERE contact_id IS NULL;
"""


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
    create_outbox(op)
    create_inbox(op)
    erasures.create(op)
    tables.create_all(op)
    tables.create_stops(op)
    tables.create_parked_reports(op)
    op.execute("ALTER TABLE ledger ADD COLUMN token uuid, ADD COLUMN read_at timestamptz")
    op.execute("CREATE INDEX ledger_token ON ledger (token) WHERE token IS NOT NULL")
    op.execute("CREATE INDEX contents_keep_until ON contents (keep_until) WHERE keep_until IS NOT NULL")
    for statement in (SENDERS, SUBSCRIBERS, INBOUND):
        op.execute(statement)
    op.execute("CREATE INDEX inbound_text ON inbound USING gin (account_id, text gin_trgm_ops)")


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
