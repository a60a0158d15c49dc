"""The tables of a channel; agents, who can be reached, and what people answer."""

from __future__ import annotations

from alembic import op

from channel import tables
from chassis import erasures
from chassis.tables import create_inbox, create_outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Keys are sealed by `chassis.secrets`; Google's id of the agent is no secret.
AGENTS = """
CREATE TABLE agents (
    id           uuid PRIMARY KEY,
    account_id   uuid NOT NULL,
    name         text NOT NULL,
    title        text NOT NULL,
    purpose      text,
    state        text NOT NULL,
    reason       text,
    google_id    text,
    client_email text,
    private_key  bytea,
    client_token bytea,
    hook         text NOT NULL UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, name)
);
"""
# The message's agent, by which it is taken back.
LEDGER = "ALTER TABLE ledger ADD COLUMN agent_id uuid"
# Whether a phone can be reached by an agent, which depends on the networks that the agent is launched at.
REACH = """
CREATE TABLE reach (
    agent_id     uuid NOT NULL,
    phone        text NOT NULL,
    account_id   uuid NOT NULL,
    is_reachable boolean NOT NULL,
    checked_at   timestamptz NOT NULL,
    PRIMARY KEY (agent_id, phone)
);
CREATE INDEX reach_checked_at ON reach (checked_at);
CREATE INDEX reach_account ON reach (account_id, phone);
"""
# The newest message of an agent to a phone: what an answer answers.
LAST_MESSAGES = """
CREATE TABLE last_messages (
    agent_id    uuid NOT NULL,
    phone       text NOT NULL,
    account_id  uuid NOT NULL,
    message_id  uuid NOT NULL,
    campaign_id uuid,
    contact_id  uuid,
    sent_at     timestamptz NOT NULL,
    PRIMARY KEY (agent_id, phone)
);
CREATE INDEX last_messages_sent_at ON last_messages (sent_at);
CREATE INDEX last_messages_account ON last_messages (account_id, phone);
"""
# `id` is made of Google's, so that what is told twice is there once; `position` puts them in the order of their coming.
INBOUND = """
CREATE TABLE inbound_rcs (
    id          uuid PRIMARY KEY,
    position    uuid NOT NULL,
    account_id  uuid NOT NULL,
    agent_id    uuid NOT NULL,
    agent       text NOT NULL,
    phone       text NOT NULL,
    kind        text NOT NULL,
    text        text,
    postback    text,
    details     jsonb,
    received_at timestamptz NOT NULL,
    message_id  uuid,
    campaign_id uuid,
    wish        text
);
CREATE INDEX inbound_rcs_account ON inbound_rcs (account_id, position);
CREATE INDEX inbound_rcs_phone ON inbound_rcs (account_id, phone, position);
CREATE INDEX inbound_rcs_received_at ON inbound_rcs (received_at);
"""
# Of messages whose sending is not written down yet: applied when it is.
EARLY = """
CREATE TABLE early_reports (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id uuid NOT NULL,
    agent_id   uuid NOT NULL,
    event      jsonb NOT NULL,
    at         float8 NOT NULL,
    due_at     timestamptz NOT NULL
);
CREATE INDEX early_reports_due_at ON early_reports (due_at);
"""
REVOCATIONS = """
CREATE TABLE revocations (
    message_id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    state      text NOT NULL,
    tries      int NOT NULL DEFAULT 0,
    due_at     timestamptz NOT NULL,
    asked_at   timestamptz NOT NULL
);
CREATE INDEX revocations_due_at ON revocations (due_at) WHERE state = 'waiting';
CREATE INDEX revocations_asked_at ON revocations (asked_at);
CREATE INDEX revocations_account ON revocations (account_id);
"""


def upgrade() -> None:
    create_outbox(op)
    create_inbox(op)
    erasures.create(op)
    tables.create_all(op)
    tables.create_stops(op)
    op.execute("CREATE INDEX contents_keep_until ON contents (keep_until) WHERE keep_until IS NOT NULL")
    for statement in (AGENTS, LEDGER, REACH, LAST_MESSAGES, INBOUND, EARLY, REVOCATIONS):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
