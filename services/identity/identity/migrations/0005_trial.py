"""Accounts on trial, and the addresses that they have proved."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    ALTER TABLE accounts ADD COLUMN on_trial boolean NOT NULL DEFAULT false;
    ALTER TABLE users ADD COLUMN email_confirmed_at timestamptz;
    CREATE TABLE trial_numbers (
        id uuid NOT NULL CONSTRAINT pk_trial_numbers PRIMARY KEY,
        account_id uuid NOT NULL CONSTRAINT fk_trial_numbers_account_id REFERENCES accounts (id),
        phone varchar NOT NULL,
        code_hash bytea NOT NULL,
        code_expires_at timestamptz NOT NULL,
        guesses bigint NOT NULL DEFAULT 0,
        confirmed_at timestamptz,
        created_at timestamptz NOT NULL
    );
    CREATE UNIQUE INDEX uq_trial_numbers_phone ON trial_numbers (account_id, phone);
    """)
