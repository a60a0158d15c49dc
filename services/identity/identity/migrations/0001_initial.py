"""The first tables, the plans, and an audit trail that cannot be rewritten."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

PLANS = """
CREATE TABLE plans (
    code varchar NOT NULL CONSTRAINT pk_plans PRIMARY KEY,
    name varchar NOT NULL,
    sms bigint,
    email bigint,
    contacts bigint,
    retention_days bigint NOT NULL,
    features varchar[] NOT NULL,
    price_amount bigint NOT NULL,
    price_currency varchar NOT NULL,
    period_days bigint NOT NULL,
    ends_after_days bigint,
    position bigint NOT NULL
);
INSERT INTO plans VALUES
    ('none', 'No plan', 0, 0, 0, 90, '{}', 0, 'PLN', 30, NULL, 0),
    ('free', 'Free', 100, 100, 100, 90, '{}', 0, 'PLN', 30, 30, 1),
    ('starter', 'Starter', 5000, 50000, 10000, 90, '{}', 9900, 'PLN', 30, NULL, 2),
    ('business', 'Business', 50000, 500000, 100000, 180, '{attachments}', 49900, 'PLN', 30, NULL, 3),
    ('professional', 'Professional', 1000000, 5000000, 1000000, 365, '{attachments,rcs,priority_lane}',
     249900, 'PLN', 30, NULL, 4),
    ('enterprise', 'Enterprise', NULL, NULL, NULL, 730, '{attachments,rcs,dedicated_ip,priority_lane}',
     999900, 'PLN', 30, NULL, 5);
"""

ACCOUNTS = """
CREATE TABLE accounts (
    id uuid NOT NULL CONSTRAINT pk_accounts PRIMARY KEY,
    name varchar NOT NULL CONSTRAINT uq_accounts_name UNIQUE,
    state varchar NOT NULL DEFAULT 'active'
        CONSTRAINT ck_accounts_state CHECK (state IN ('active', 'closing', 'closed')),
    time_zone varchar NOT NULL DEFAULT 'Europe/Warsaw',
    default_region varchar NOT NULL DEFAULT 'PL',
    language varchar NOT NULL DEFAULT 'pl',
    company jsonb NOT NULL DEFAULT '{}',
    plan_code varchar NOT NULL CONSTRAINT fk_accounts_plan_code REFERENCES plans (code),
    plan_started_at timestamptz NOT NULL,
    plan_ends_at timestamptz,
    panel_ip_rules varchar[] NOT NULL DEFAULT '{}',
    api_ip_rules varchar[] NOT NULL DEFAULT '{}',
    second_factor_required boolean NOT NULL DEFAULT false,
    trusted_device_days bigint NOT NULL DEFAULT 30,
    terms_accepted_at timestamptz NOT NULL,
    closure_requested_at timestamptz,
    created_at timestamptz NOT NULL
);
CREATE INDEX ix_accounts_plan_code ON accounts (plan_code);

CREATE TABLE users (
    id uuid NOT NULL CONSTRAINT pk_users PRIMARY KEY,
    account_id uuid NOT NULL CONSTRAINT fk_users_account_id REFERENCES accounts (id),
    login varchar NOT NULL CONSTRAINT uq_users_login UNIQUE,
    email varchar NOT NULL,
    name varchar NOT NULL DEFAULT '',
    language varchar NOT NULL DEFAULT 'pl',
    password_hash varchar NOT NULL,
    is_owner boolean NOT NULL DEFAULT false,
    state varchar NOT NULL DEFAULT 'active' CONSTRAINT ck_users_state CHECK (state IN ('active', 'blocked')),
    permissions varchar[] NOT NULL,
    totp_secret bytea,
    totp_confirmed_at timestamptz,
    totp_last_step bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX uq_users_owner ON users (account_id) WHERE is_owner;
CREATE INDEX ix_users_account_id_id ON users (account_id, id);

CREATE TABLE roles (
    id uuid NOT NULL CONSTRAINT pk_roles PRIMARY KEY,
    account_id uuid NOT NULL CONSTRAINT fk_roles_account_id REFERENCES accounts (id),
    name varchar NOT NULL,
    permissions varchar[] NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX uq_roles_account_id_name ON roles (account_id, name);

CREATE TABLE user_roles (
    user_id uuid NOT NULL CONSTRAINT fk_user_roles_user_id REFERENCES users (id) ON DELETE CASCADE,
    role_id uuid NOT NULL CONSTRAINT fk_user_roles_role_id REFERENCES roles (id) ON DELETE CASCADE,
    CONSTRAINT pk_user_roles PRIMARY KEY (user_id, role_id)
);
CREATE INDEX ix_user_roles_role_id ON user_roles (role_id);

CREATE TABLE operators (
    id uuid NOT NULL CONSTRAINT pk_operators PRIMARY KEY,
    login varchar NOT NULL CONSTRAINT uq_operators_login UNIQUE,
    email varchar NOT NULL,
    password_hash varchar NOT NULL,
    must_change_password boolean NOT NULL DEFAULT true,
    totp_secret bytea NOT NULL,
    totp_last_step bigint NOT NULL DEFAULT 0,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL
);
"""

SESSIONS = """
CREATE TABLE sessions (
    id uuid NOT NULL CONSTRAINT pk_sessions PRIMARY KEY,
    account_id uuid CONSTRAINT fk_sessions_account_id REFERENCES accounts (id),
    user_id uuid CONSTRAINT fk_sessions_user_id REFERENCES users (id) ON DELETE CASCADE,
    operator_id uuid CONSTRAINT fk_sessions_operator_id REFERENCES operators (id) ON DELETE CASCADE,
    device varchar,
    address varchar,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT ck_sessions_one_holder CHECK ((user_id IS NULL) <> (operator_id IS NULL))
);
CREATE INDEX ix_sessions_user_id ON sessions (user_id);
CREATE INDEX ix_sessions_operator_id ON sessions (operator_id);
CREATE INDEX ix_sessions_expires_at ON sessions (expires_at);

CREATE TABLE session_tokens (
    token_hash bytea NOT NULL CONSTRAINT pk_session_tokens PRIMARY KEY,
    session_id uuid NOT NULL CONSTRAINT fk_session_tokens_session_id REFERENCES sessions (id) ON DELETE CASCADE,
    kind varchar NOT NULL CONSTRAINT ck_session_tokens_kind CHECK (kind IN ('access', 'refresh')),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX ix_session_tokens_session_id ON session_tokens (session_id);

CREATE TABLE login_throttles (
    key bytea NOT NULL CONSTRAINT pk_login_throttles PRIMARY KEY,
    failures bigint NOT NULL DEFAULT 0,
    last_at timestamptz NOT NULL,
    blocked_until timestamptz
);
CREATE INDEX ix_login_throttles_last_at ON login_throttles (last_at);

CREATE TABLE recovery_codes (
    user_id uuid NOT NULL CONSTRAINT fk_recovery_codes_user_id REFERENCES users (id) ON DELETE CASCADE,
    code_hash bytea NOT NULL,
    used_at timestamptz,
    CONSTRAINT pk_recovery_codes PRIMARY KEY (user_id, code_hash)
);

CREATE TABLE trusted_devices (
    token_hash bytea NOT NULL CONSTRAINT pk_trusted_devices PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT fk_trusted_devices_user_id REFERENCES users (id) ON DELETE CASCADE,
    name varchar,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX ix_trusted_devices_user_id ON trusted_devices (user_id);

CREATE TABLE one_time_links (
    token_hash bytea NOT NULL CONSTRAINT pk_one_time_links PRIMARY KEY,
    purpose varchar NOT NULL CONSTRAINT ck_one_time_links_purpose CHECK (purpose IN ('password_reset', 'email_change')),
    user_id uuid NOT NULL CONSTRAINT fk_one_time_links_user_id REFERENCES users (id) ON DELETE CASCADE,
    email varchar,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX ix_one_time_links_user_id ON one_time_links (user_id);

CREATE TABLE api_keys (
    id uuid NOT NULL CONSTRAINT pk_api_keys PRIMARY KEY,
    account_id uuid NOT NULL CONSTRAINT fk_api_keys_account_id REFERENCES accounts (id),
    user_id uuid NOT NULL CONSTRAINT fk_api_keys_user_id REFERENCES users (id) ON DELETE CASCADE,
    name varchar NOT NULL,
    key_hash bytea NOT NULL CONSTRAINT uq_api_keys_key_hash UNIQUE,
    prefix varchar NOT NULL,
    scopes varchar[] NOT NULL,
    ip_list varchar[] NOT NULL DEFAULT '{}',
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL
);
CREATE INDEX ix_api_keys_account_id_id ON api_keys (account_id, id);
CREATE INDEX ix_api_keys_user_id ON api_keys (user_id);
"""

QUOTAS = """
CREATE TABLE quota_periods (
    id uuid NOT NULL CONSTRAINT pk_quota_periods PRIMARY KEY,
    account_id uuid NOT NULL CONSTRAINT fk_quota_periods_account_id REFERENCES accounts (id),
    feature varchar NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    limit_units bigint,
    used bigint NOT NULL DEFAULT 0,
    reserved bigint NOT NULL DEFAULT 0,
    CONSTRAINT ck_quota_periods_not_negative CHECK (used >= 0 AND reserved >= 0),
    CONSTRAINT ck_quota_periods_within_limit CHECK (limit_units IS NULL OR used + reserved <= limit_units)
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX uq_quota_periods_start ON quota_periods (account_id, feature, starts_at);

CREATE TABLE quota_reservations (
    account_id uuid NOT NULL CONSTRAINT fk_quota_reservations_account_id REFERENCES accounts (id),
    id uuid NOT NULL,
    period_id uuid NOT NULL CONSTRAINT fk_quota_reservations_period_id REFERENCES quota_periods (id),
    amount bigint NOT NULL DEFAULT 0,
    used bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_quota_reservations PRIMARY KEY (account_id, id),
    CONSTRAINT ck_quota_reservations_used_within_amount CHECK (used >= 0 AND used <= amount)
);
CREATE INDEX ix_quota_reservations_period_id ON quota_reservations (period_id);
"""

# The trail is append-only twice over: the service's own role loses the privileges, and a trigger refuses whoever has
# them. The one change that stays possible is to strip personal data (address, details) when an account is erased.
AUDIT = """
CREATE TABLE audit_entries (
    id uuid NOT NULL CONSTRAINT pk_audit_entries PRIMARY KEY,
    account_id uuid,
    at timestamptz NOT NULL,
    action varchar NOT NULL,
    user_id uuid,
    api_key_id uuid,
    operator_id uuid,
    target_id varchar,
    address varchar,
    request_id varchar,
    reason varchar,
    details jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX ix_audit_entries_account_id_id ON audit_entries (account_id, id);

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.address IS NULL AND NEW.details = '{}'::jsonb
           AND to_jsonb(NEW) - 'address' - 'details' = to_jsonb(OLD) - 'address' - 'details' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
REVOKE UPDATE, DELETE, TRUNCATE ON audit_entries FROM CURRENT_USER;
GRANT UPDATE (address, details) ON audit_entries TO CURRENT_USER;
"""


def upgrade() -> None:
    from chassis import tables

    for statements in (PLANS, ACCOUNTS, SESSIONS, QUOTAS, AUDIT):
        op.execute(statements)
    tables.create_outbox(op)
    tables.create_inbox(op)
