"""Webhooks: where customers want to be told, what they are to be told, and what became of each request."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE webhooks (
            id uuid PRIMARY KEY,
            account_id uuid NOT NULL,
            url text NOT NULL,
            events text[] NOT NULL,
            description text NOT NULL,
            enabled boolean NOT NULL,
            channel text,
            campaign_id uuid,
            max_events integer NOT NULL,
            username text,
            password bytea,
            secret bytea NOT NULL,
            previous_secret bytea,
            previous_secret_until timestamptz,
            failures integer NOT NULL DEFAULT 0,
            failing_since timestamptz,
            rests_until timestamptz,
            claimed_at timestamptz,
            paused_at timestamptz,
            pause_reason text,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            deleted_at timestamptz
        )
        """
    )
    op.execute("CREATE INDEX webhooks_account ON webhooks (account_id, id)")
    # What is marked as deleted goes later, some rows at a time.
    op.execute("CREATE INDEX webhooks_deleted ON webhooks (id) WHERE deleted_at IS NOT NULL")
    op.execute(
        """
        CREATE TABLE webhook_deliveries (
            id uuid PRIMARY KEY,
            webhook_id uuid NOT NULL REFERENCES webhooks ON DELETE CASCADE,
            account_id uuid NOT NULL,
            state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
            is_test boolean NOT NULL DEFAULT false,
            events integer NOT NULL,
            tries integer NOT NULL DEFAULT 0,
            due_at timestamptz,
            leased_until timestamptz,
            attempts jsonb NOT NULL DEFAULT '[]',
            created_at timestamptz NOT NULL,
            finished_at timestamptz
        )
        """
    )
    op.execute("CREATE INDEX webhook_deliveries_webhook ON webhook_deliveries (webhook_id, id)")
    op.execute("CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (webhook_id, id) WHERE state = 'failed'")
    op.execute("CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_at) WHERE state = 'pending'")
    op.execute("CREATE INDEX webhook_deliveries_all_due ON webhook_deliveries (due_at) WHERE state = 'pending'")
    op.execute("CREATE INDEX webhook_deliveries_account ON webhook_deliveries (account_id)")
    op.execute("CREATE INDEX webhook_deliveries_created ON webhook_deliveries (created_at)")
    op.execute(
        """
        CREATE TABLE webhook_events (
            webhook_id uuid NOT NULL REFERENCES webhooks ON DELETE CASCADE,
            event_id uuid NOT NULL,
            position bigint GENERATED ALWAYS AS IDENTITY,
            account_id uuid NOT NULL,
            message_id uuid,
            delivery_id uuid,
            is_done boolean NOT NULL DEFAULT false,
            type text NOT NULL,
            occurred_at timestamptz NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            details jsonb NOT NULL,
            PRIMARY KEY (webhook_id, event_id)
        )
        """
    )
    op.execute("CREATE INDEX webhook_events_waiting ON webhook_events (webhook_id, position) WHERE delivery_id IS NULL")
    # Whose earlier event is on its way: the later ones of that message wait for it.
    op.execute(
        "CREATE INDEX webhook_events_under_way ON webhook_events (webhook_id, message_id)"
        " WHERE delivery_id IS NOT NULL AND NOT is_done"
    )
    op.execute("CREATE INDEX webhook_events_delivery ON webhook_events (delivery_id)")
    op.execute("CREATE INDEX webhook_events_message ON webhook_events (message_id)")
    op.execute("CREATE INDEX webhook_events_account ON webhook_events (account_id)")
    # Events of campaigns and of addresses, some of which name a person.
    op.execute(
        "CREATE INDEX webhook_events_of_no_message ON webhook_events (account_id, (details ->> 'address'))"
        " WHERE message_id IS NULL"
    )
    op.execute("CREATE INDEX webhook_events_created ON webhook_events (created_at)")


def downgrade() -> None:
    raise NotImplementedError("what customers have set up is not taken back")
