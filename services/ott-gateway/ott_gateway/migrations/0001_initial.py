"""The tables of a channel; WhatsApp numbers, their templates, who has written to them, and what."""

from __future__ import annotations

from alembic import op

from channel import tables
from chassis import erasures
from chassis.tables import create_inbox, create_outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Tokens and secrets are sealed by `chassis.secrets`.
SENDERS = """
CREATE TABLE senders (
    id                  uuid PRIMARY KEY,
    account_id          uuid NOT NULL,
    name                text NOT NULL,
    title               text NOT NULL,
    phone               text NOT NULL,
    hook_name           text NOT NULL UNIQUE,
    state               text NOT NULL,
    reason              text,
    phone_number_id     text,
    business_account_id text,
    access_token        bytea,
    app_secret          bytea,
    app_hash            bytea,
    verify_token        bytea,
    templates_at        timestamptz,
    templates_due_at    timestamptz,
    templates_problem   text,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, name)
);
CREATE INDEX senders_phone_number ON senders (phone_number_id) WHERE state = 'active';
CREATE INDEX senders_templates_due ON senders (templates_due_at) WHERE state = 'active';
"""
TEMPLATES = """
CREATE TABLE templates (
    id         uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    sender_id  uuid NOT NULL REFERENCES senders (id) ON DELETE CASCADE,
    name       text NOT NULL,
    language   text NOT NULL,
    status     text NOT NULL,
    category   text,
    components jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (sender_id, name, language)
);
"""
# Until when a person may be written to without a template.
WINDOWS = """
CREATE TABLE windows (
    sender_id  uuid NOT NULL REFERENCES senders (id) ON DELETE CASCADE,
    phone      text NOT NULL,
    account_id uuid NOT NULL,
    open_until timestamptz NOT NULL,
    PRIMARY KEY (sender_id, phone)
);
CREATE INDEX windows_open_until ON windows (open_until);
CREATE INDEX windows_phone ON windows (account_id, phone);
"""
INBOUND = """
CREATE TABLE inbound (
    id          uuid PRIMARY KEY,
    account_id  uuid NOT NULL,
    sender_id   uuid NOT NULL REFERENCES senders (id) ON DELETE CASCADE,
    wamid       text NOT NULL,
    phone       text NOT NULL,
    kind        text NOT NULL,
    text        text,
    payload     text,
    message_id  uuid,
    wish        text,
    received_at timestamptz NOT NULL,
    UNIQUE (sender_id, wamid)
);
CREATE INDEX inbound_account ON inbound (account_id, id);
CREATE INDEX inbound_phone ON inbound (account_id, phone);
"""
# Reports whose message is not written down yet: looked at again, less and less often.
PARKED = """
CREATE TABLE parked_reports (
    position   bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    account_id uuid NOT NULL,
    message_id uuid NOT NULL,
    state      text NOT NULL,
    code       text,
    at         timestamptz NOT NULL,
    read_at    timestamptz,
    tries      integer NOT NULL,
    next_at    timestamptz NOT NULL
);
CREATE INDEX parked_reports_next_at ON parked_reports (next_at);
"""


def upgrade() -> None:
    create_outbox(op)
    create_inbox(op)
    erasures.create(op)
    tables.create_all(op)
    tables.create_stops(op)
    op.execute("ALTER TABLE ledger ADD COLUMN wamid text, ADD COLUMN read_at timestamptz")
    op.execute("CREATE INDEX ledger_wamid ON ledger (hashtext(wamid)) WHERE wamid IS NOT NULL")
    op.execute("CREATE INDEX contents_keep_until ON contents (keep_until) WHERE keep_until IS NOT NULL")
    for statement in (SENDERS, TEMPLATES, WINDOWS, INBOUND, PARKED):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
