"""The message log, what people did, counters, and the read model of campaigns."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

COUNTED = (
    *("messages", "sent", "accepted", "deferred", "submitted", "unknown", "delivered", "undelivered", "expired"),
    *("rejected", "hard_bounced", "soft_bounced", "spam_bounced", "parts", "cost", "opens", "unique_opens", "clicks"),
    *("unique_clicks", "unsubscribes", "complaints"),
)

# A page that is written full leaves no room for the second version of its rows: with half of it free, the update to the
# final state stays on the page and touches no index (HOT).
ROOM_FOR_UPDATES = "WITH (fillfactor = 50)"


def upgrade() -> None:
    # Text compares by code point, so that merging two values by the greater one is the same here and in Python.
    op.execute(
        """
        CREATE TABLE messages (
            message_id uuid NOT NULL,
            account_id uuid NOT NULL,
            campaign_id uuid,
            contact_id uuid,
            state_at timestamptz,
            submitted_at timestamptz,
            delivered_at timestamptz,
            opened_at timestamptz,
            clicked_at timestamptz,
            unsubscribed_at timestamptz,
            complained_at timestamptz,
            parts integer,
            cost integer,
            opens integer NOT NULL DEFAULT 0,
            clicks integer NOT NULL DEFAULT 0,
            state smallint,
            channel text COLLATE "C" NOT NULL,
            address text COLLATE "C",
            sender text COLLATE "C",
            domain text COLLATE "C",
            code text COLLATE "C",
            detail text COLLATE "C",
            PRIMARY KEY (message_id)
        ) PARTITION BY RANGE (message_id)
        """
    )
    op.execute("CREATE INDEX messages_account ON messages (account_id, message_id)")
    # Addresses come in no order; an index on four bytes of each costs half of one on all of it.
    op.execute("CREATE INDEX messages_address ON messages (hashtext(address))")
    op.execute(f"CREATE TABLE messages_default PARTITION OF messages DEFAULT {ROOM_FOR_UPDATES}")
    op.execute(
        """
        CREATE TABLE state_history (
            message_id uuid NOT NULL,
            at timestamptz NOT NULL,
            account_id uuid NOT NULL,
            campaign_id uuid,
            state smallint NOT NULL,
            code text,
            detail text,
            PRIMARY KEY (message_id, at, state)
        ) PARTITION BY RANGE (message_id)
        """
    )
    op.execute("CREATE INDEX state_history_account ON state_history (account_id, state, message_id)")
    op.execute("CREATE INDEX state_history_campaign ON state_history (campaign_id, state, message_id)")
    op.execute("CREATE TABLE state_history_default PARTITION OF state_history DEFAULT")
    op.execute(
        """
        CREATE TABLE engagements (
            message_id uuid NOT NULL,
            event_id text COLLATE "C" NOT NULL,
            account_id uuid NOT NULL,
            campaign_id uuid,
            link_id uuid,
            at timestamptz NOT NULL,
            kind smallint NOT NULL,
            device text NOT NULL,
            ip text,
            user_agent text,
            PRIMARY KEY (message_id, event_id)
        ) PARTITION BY RANGE (message_id)
        """
    )
    op.execute("CREATE TABLE engagements_default PARTITION OF engagements DEFAULT")
    op.execute("CREATE INDEX engagements_account ON engagements (account_id)")
    op.execute(
        "CREATE TABLE links (account_id uuid NOT NULL, link_id uuid NOT NULL, url text NOT NULL,"
        " PRIMARY KEY (account_id, link_id))"
    )
    op.execute(
        "CREATE TABLE campaign_ranges (campaign_id uuid NOT NULL, first_id uuid NOT NULL, last_id uuid NOT NULL,"
        " account_id uuid NOT NULL, PRIMARY KEY (campaign_id, first_id))"
    )
    op.execute("CREATE INDEX campaign_ranges_account ON campaign_ranges (account_id)")
    counted = ", ".join(f"{metric} bigint NOT NULL DEFAULT 0" for metric in COUNTED)
    op.execute(
        'CREATE TABLE counters (scope_id uuid NOT NULL, dimension smallint NOT NULL, key text COLLATE "C" NOT NULL,'
        f" account_id uuid NOT NULL, {counted}, PRIMARY KEY (scope_id, dimension, key)) WITH (fillfactor = 50)"
    )
    op.execute("CREATE INDEX counters_account ON counters (account_id)")
    op.execute(
        """
        CREATE TABLE campaigns (
            campaign_id uuid PRIMARY KEY,
            account_id uuid NOT NULL,
            send_id uuid,
            name text,
            channel text,
            recipients integer,
            state text,
            started_at timestamptz,
            state_at timestamptz
        )
        """
    )
    op.execute("CREATE INDEX campaigns_account ON campaigns (account_id)")
    op.execute(
        "CREATE TABLE closed_accounts (account_id uuid PRIMARY KEY, closed_at timestamptz NOT NULL DEFAULT now())"
    )


def downgrade() -> None:
    raise NotImplementedError("the log is not taken back")
