"""Pools of addresses that mail leaves from: who has which, how warm they are, and what came of it."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE ip_pools (pool_id uuid PRIMARY KEY, name text NOT NULL, kind text NOT NULL,"
        " is_paused boolean NOT NULL DEFAULT false, created_at timestamptz NOT NULL DEFAULT now(),"
        " CONSTRAINT ip_pools_name UNIQUE (name))"
    )
    op.execute(
        "CREATE TABLE ip_addresses (address_id uuid PRIMARY KEY,"
        " pool_id uuid NOT NULL REFERENCES ip_pools ON DELETE CASCADE, address text NOT NULL, ehlo_name text NOT NULL,"
        " warm_up integer[] NOT NULL DEFAULT '{}', warm_up_from date NOT NULL, is_named boolean, found text,"
        " checked_at timestamptz, check_due_at timestamptz NOT NULL DEFAULT now(),"
        " created_at timestamptz NOT NULL DEFAULT now(), CONSTRAINT ip_addresses_address UNIQUE (address))"
    )
    op.execute(
        "CREATE TABLE ip_pool_accounts (account_id uuid PRIMARY KEY,"
        " pool_id uuid NOT NULL CONSTRAINT ip_pool_accounts_pool REFERENCES ip_pools)"
    )
    op.execute(
        "CREATE TABLE warm_up_days (address_id uuid NOT NULL REFERENCES ip_addresses ON DELETE CASCADE,"
        " day date NOT NULL, taken integer NOT NULL, PRIMARY KEY (address_id, day))"
    )
    op.execute(
        "CREATE TABLE ip_pool_days (pool_id uuid NOT NULL REFERENCES ip_pools ON DELETE CASCADE, day date NOT NULL,"
        " destination text NOT NULL, delivered bigint NOT NULL DEFAULT 0, deferred bigint NOT NULL DEFAULT 0,"
        " refused bigint NOT NULL DEFAULT 0, blocked bigint NOT NULL DEFAULT 0, complaints bigint NOT NULL DEFAULT 0,"
        " PRIMARY KEY (pool_id, day, destination))"
    )
    op.execute(
        "CREATE TABLE ip_pool_pauses (pool_id uuid NOT NULL REFERENCES ip_pools ON DELETE CASCADE,"
        " destination text NOT NULL, code text NOT NULL, refusals integer NOT NULL, since timestamptz NOT NULL,"
        " until timestamptz NOT NULL, PRIMARY KEY (pool_id, destination))"
    )


def downgrade() -> None:
    for table in ("ip_pool_pauses", "ip_pool_days", "warm_up_days", "ip_pool_accounts", "ip_addresses", "ip_pools"):
        op.execute(f"DROP TABLE {table}")
