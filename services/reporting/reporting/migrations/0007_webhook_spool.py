"""Webhooks: events are told from a spool by turns of accounts; second endpoints, plans of retries, replays."""

from __future__ import annotations

from alembic import op

from chassis import indexes, suspensions

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    # Of a webhook with a hundred thousand that wait, the few that are in hand and the tests are found by themselves.
    indexes.create(
        op,
        "webhook_deliveries_in_hand",
        "webhook_deliveries (webhook_id, leased_until) WHERE state = 'pending' AND leased_until IS NOT NULL",
    )
    indexes.create(
        op, "webhook_deliveries_tests", "webhook_deliveries (webhook_id) WHERE state = 'pending' AND is_test"
    )
    op.execute(
        """
        CREATE TABLE webhook_spool (
            position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            account_id uuid NOT NULL,
            heard_at timestamptz NOT NULL DEFAULT now(),
            tries integer NOT NULL DEFAULT 0,
            due_at timestamptz NOT NULL DEFAULT now(),
            is_parked boolean NOT NULL DEFAULT false,
            events bytea NOT NULL
        )
        """
    )
    # Written once, read once and deleted: compressing it costs and gains nothing.
    op.execute("ALTER TABLE webhook_spool ALTER COLUMN events SET STORAGE EXTERNAL")
    op.execute("CREATE INDEX webhook_spool_account ON webhook_spool (account_id, position) WHERE NOT is_parked")
    op.execute("CREATE INDEX webhook_spool_parked ON webhook_spool (heard_at) WHERE is_parked")
    op.execute(
        """
        CREATE TABLE webhook_replays (
            webhook_id uuid PRIMARY KEY REFERENCES webhooks ON DELETE CASCADE,
            account_id uuid NOT NULL,
            since timestamptz NOT NULL,
            until timestamptz NOT NULL,
            requested_at timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX webhook_replays_account ON webhook_replays (account_id)")
    op.execute(
        "ALTER TABLE webhooks ADD COLUMN secondary_url text,"
        " ADD COLUMN retry_plan text NOT NULL DEFAULT 'standard', ADD COLUMN retry_delays integer[]"
    )
    suspensions.create(op)


def downgrade() -> None:
    raise NotImplementedError("what customers have set up is not taken back")
