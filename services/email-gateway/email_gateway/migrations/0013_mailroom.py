"""Mails that came in and are not read yet or could not be, and days on which an address took nothing."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE received_mails (
            mail_id uuid PRIMARY KEY,
            kind text NOT NULL,
            recipient text NOT NULL,
            message_id uuid,
            account_id uuid,
            has_null_sender boolean NOT NULL,
            octets bytea NOT NULL,
            digest bytea NOT NULL UNIQUE,
            is_kept boolean NOT NULL DEFAULT false,
            received_at timestamptz NOT NULL DEFAULT now(),
            due_at timestamptz NOT NULL DEFAULT now(),
            tries smallint NOT NULL DEFAULT 0
        )
        """
    )
    op.execute("CREATE INDEX received_mails_due ON received_mails (due_at) WHERE NOT is_kept")
    op.execute("CREATE INDEX received_mails_kept ON received_mails (mail_id) WHERE is_kept")
    op.execute("CREATE INDEX received_mails_message ON received_mails (message_id)")
    op.execute("CREATE INDEX received_mails_account ON received_mails (account_id)")
    op.execute(
        "CREATE TABLE soft_bounces (account_id uuid NOT NULL, address text NOT NULL, day date NOT NULL,"
        " PRIMARY KEY (account_id, address, day))"
    )
    op.execute("CREATE INDEX soft_bounces_day ON soft_bounces (day)")
    op.execute("CREATE INDEX sender_domains_domain ON sender_domains (domain)")


def downgrade() -> None:
    op.execute("DROP INDEX sender_domains_domain")
    op.execute("DROP TABLE soft_bounces")
    op.execute("DROP TABLE received_mails")
