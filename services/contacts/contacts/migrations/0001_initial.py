"""Contacts, fields, groups, archive, files, jobs and snapshots."""

from __future__ import annotations

from alembic import op

from chassis import tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Text keys are compared by code point: their order must not depend on the locale, and they sort three times faster.
CONTACTS = """
CREATE TABLE accounts (
    account_id      uuid PRIMARY KEY,
    contacts        bigint NOT NULL DEFAULT 0,
    contact_limit   bigint,
    default_region  text NOT NULL DEFAULT 'PL',
    hash_salt       bytea NOT NULL
                    DEFAULT decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
);
CREATE TABLE contacts (
    id                   uuid NOT NULL,
    account_id           uuid NOT NULL,
    email                text COLLATE "C",
    phone                text COLLATE "C",
    external_id          text COLLATE "C",
    first_name           text,
    last_name            text,
    company              text,
    city                 text,
    birth_date           date,
    custom               jsonb NOT NULL DEFAULT '{}',
    sms_consent          boolean,
    sms_consent_source   text,
    sms_consent_at       timestamptz,
    email_consent        boolean,
    email_consent_source text,
    email_consent_at     timestamptz,
    import_id            uuid,
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, id),
    CONSTRAINT contacts_reachable CHECK (num_nonnulls(email, phone, external_id) > 0)
);
CREATE UNIQUE INDEX contacts_email ON contacts (account_id, email) WHERE email IS NOT NULL;
CREATE UNIQUE INDEX contacts_phone ON contacts (account_id, phone) WHERE phone IS NOT NULL;
CREATE UNIQUE INDEX contacts_external_id ON contacts (account_id, external_id) WHERE external_id IS NOT NULL;
CREATE TABLE contact_fields (
    id          uuid PRIMARY KEY,
    account_id  uuid NOT NULL,
    key         text NOT NULL,
    label       text NOT NULL,
    kind        text NOT NULL,
    slot        text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    deleted_at  timestamptz
);
CREATE UNIQUE INDEX contact_fields_key ON contact_fields (account_id, key) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX contact_fields_slot ON contact_fields (account_id, slot);
CREATE TABLE groups (
    id          uuid PRIMARY KEY,
    account_id  uuid NOT NULL,
    name        text NOT NULL,
    description text NOT NULL DEFAULT '',
    contacts    bigint NOT NULL DEFAULT 0,
    archived    boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX groups_name ON groups (account_id, lower(name)) WHERE NOT archived;
CREATE INDEX groups_account ON groups (account_id, id);
CREATE TABLE group_members (
    group_id    uuid NOT NULL,
    contact_id  uuid NOT NULL,
    account_id  uuid NOT NULL,
    added_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (group_id, contact_id)
);
CREATE INDEX group_members_contact ON group_members (contact_id);
CREATE TABLE archive (
    id          uuid PRIMARY KEY,
    account_id  uuid NOT NULL,
    channel     text NOT NULL,
    address     text COLLATE "C" NOT NULL,
    contact_id  uuid,
    reason      text NOT NULL,
    note        text NOT NULL DEFAULT '',
    source      text NOT NULL,
    campaign_id uuid,
    archived_by uuid,
    created_at  timestamptz NOT NULL DEFAULT now(),
    restored_at timestamptz,
    restored_by uuid,
    restore_note text
);
CREATE UNIQUE INDEX archive_address ON archive (account_id, channel, address) WHERE restored_at IS NULL;
CREATE INDEX archive_account ON archive (account_id, id);
CREATE TABLE erased (
    account_id  uuid NOT NULL,
    hash        bytea NOT NULL,
    erased_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, hash)
);
"""

WORK = """
CREATE TABLE files (
    id          uuid PRIMARY KEY,
    account_id  uuid NOT NULL,
    filename    text NOT NULL,
    media_type  text NOT NULL DEFAULT 'application/octet-stream',
    size        bigint NOT NULL DEFAULT 0,
    chunks      integer NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL DEFAULT now() + interval '30 days'
);
CREATE INDEX files_expiry ON files (expires_at);
CREATE TABLE file_chunks (
    file_id uuid NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    seq     integer NOT NULL,
    body    bytea NOT NULL,
    PRIMARY KEY (file_id, seq)
);
ALTER TABLE file_chunks ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE TABLE jobs (
    id               uuid PRIMARY KEY,
    account_id       uuid NOT NULL,
    kind             text NOT NULL,
    state            text NOT NULL DEFAULT 'waiting',
    done             bigint NOT NULL DEFAULT 0,
    total            bigint,
    cancel_requested boolean NOT NULL DEFAULT false,
    lease_owner      uuid,
    lease_until      timestamptz,
    attempts         integer NOT NULL DEFAULT 0,
    queued_at        timestamptz NOT NULL DEFAULT now(),
    request          jsonb NOT NULL,
    checkpoint       jsonb NOT NULL DEFAULT '{}',
    error            jsonb,
    created_by       uuid,
    created_at       timestamptz NOT NULL DEFAULT now(),
    started_at       timestamptz,
    finished_at      timestamptz
);
CREATE INDEX jobs_claim ON jobs (queued_at) WHERE state IN ('waiting', 'running');
CREATE INDEX jobs_account ON jobs (account_id, kind, id);
CREATE TABLE import_problems (
    import_id  uuid NOT NULL,
    row_number bigint NOT NULL,
    rejected   boolean NOT NULL,
    code       text NOT NULL,
    PRIMARY KEY (import_id, row_number, code)
);
CREATE TABLE snapshots (
    id          uuid PRIMARY KEY,
    account_id  uuid NOT NULL,
    channel     text NOT NULL,
    total       bigint,
    created_at  timestamptz NOT NULL DEFAULT now(),
    taken_at    timestamptz
);
CREATE TABLE segments (
    id          uuid PRIMARY KEY,
    account_id  uuid NOT NULL,
    name        text NOT NULL,
    description text NOT NULL DEFAULT '',
    rules       jsonb NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX segments_name ON segments (account_id, lower(name));
CREATE INDEX segments_account ON segments (account_id, id);
"""

# Counts are kept by statement-level triggers over the rows that a statement really inserted or deleted: right for every
# path that writes, and one UPDATE a statement.
COUNTS = """
CREATE FUNCTION count_contacts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO accounts AS a (account_id, contacts) SELECT account_id, count(*) FROM changed GROUP BY 1 ORDER BY 1
            ON CONFLICT (account_id) DO UPDATE SET contacts = a.contacts + excluded.contacts;
    ELSE
        UPDATE accounts a SET contacts = a.contacts - gone.n
            FROM (SELECT account_id, count(*) AS n FROM changed GROUP BY 1) gone WHERE a.account_id = gone.account_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER contacts_added AFTER INSERT ON contacts REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_contacts();
CREATE TRIGGER contacts_gone AFTER DELETE ON contacts REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_contacts();
CREATE FUNCTION count_members() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE groups g SET contacts = g.contacts + CASE TG_OP WHEN 'INSERT' THEN moved.n ELSE -moved.n END
        FROM (SELECT group_id, count(*) AS n FROM changed GROUP BY 1 ORDER BY 1) moved WHERE g.id = moved.group_id;
    RETURN NULL;
END $$;
CREATE TRIGGER members_added AFTER INSERT ON group_members REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_members();
CREATE TRIGGER members_gone AFTER DELETE ON group_members REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_members();
"""


def upgrade() -> None:
    for script in (CONTACTS, WORK, COUNTS):
        op.execute(script)
    tables.create_outbox(op)
    tables.create_inbox(op)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
