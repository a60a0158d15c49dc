"""Octets that mails end with or consist of, and the SMTP accounts of partners."""

from __future__ import annotations

from alembic import op

from chassis import indexes

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    indexes.create(op, "contents_blob", "contents (account_id, (document #>> '{mail,blob}')) WHERE document ? 'mail'")
    op.execute(
        "CREATE TABLE blobs (account_id uuid NOT NULL, digest text NOT NULL, octets bytea NOT NULL,"
        " keep_until timestamptz NOT NULL, PRIMARY KEY (account_id, digest))"
    )
    # Files are packed already, and the head of a mail is read without the rest of it.
    op.execute("ALTER TABLE blobs ALTER COLUMN octets SET STORAGE EXTERNAL")
    op.execute("CREATE INDEX blobs_keep_until ON blobs (keep_until)")
    op.execute(
        "CREATE TABLE smtp_accounts (smtp_account_id uuid PRIMARY KEY, account_id uuid NOT NULL, name text NOT NULL,"
        " secret_hash bytea NOT NULL, ip_list text[] NOT NULL DEFAULT '{}', is_active boolean NOT NULL DEFAULT true,"
        " messages_a_minute integer NOT NULL, minute timestamptz NOT NULL DEFAULT 'epoch',"
        " used integer NOT NULL DEFAULT 0, last_used_at timestamptz,"
        " created_at timestamptz NOT NULL DEFAULT now())"
    )
    op.execute("CREATE INDEX smtp_accounts_account ON smtp_accounts (account_id, smtp_account_id)")
    op.execute(
        "CREATE TABLE smtp_blocked (blocked_id uuid PRIMARY KEY, smtp_account_id uuid NOT NULL"
        " REFERENCES smtp_accounts ON DELETE CASCADE, address text NOT NULL, account_id uuid NOT NULL,"
        " created_at timestamptz NOT NULL DEFAULT now(),"
        " CONSTRAINT smtp_blocked_address UNIQUE (smtp_account_id, address))"
    )
    op.execute("CREATE INDEX smtp_blocked_account ON smtp_blocked (account_id, address)")


def downgrade() -> None:
    op.execute("DROP TABLE smtp_blocked")
    op.execute("DROP TABLE smtp_accounts")
    op.execute("DROP TABLE blobs")
