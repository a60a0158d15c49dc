"""Reports that come by mail: every week or month, or a day after each campaign."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE report_schedules (
            id uuid PRIMARY KEY,
            account_id uuid NOT NULL,
            kind text NOT NULL,
            user_ids uuid[] NOT NULL,
            next_at timestamptz,
            last_at timestamptz,
            created_at timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX report_schedules_account ON report_schedules (account_id, id)")
    op.execute("CREATE INDEX report_schedules_due ON report_schedules (next_at) WHERE next_at IS NOT NULL")
    # A row stays when its mail has been asked for, so that no repeated event asks for another.
    op.execute(
        """
        CREATE TABLE campaign_mails (
            schedule_id uuid NOT NULL REFERENCES report_schedules ON DELETE CASCADE,
            campaign_id uuid NOT NULL,
            account_id uuid NOT NULL,
            due_at timestamptz NOT NULL,
            sent_at timestamptz,
            PRIMARY KEY (schedule_id, campaign_id)
        )
        """
    )
    op.execute("CREATE INDEX campaign_mails_due ON campaign_mails (due_at) WHERE sent_at IS NULL")
    op.execute("CREATE INDEX campaign_mails_account ON campaign_mails (account_id)")


def downgrade() -> None:
    raise NotImplementedError("what customers have set up is not taken back")
