"""Who opened and clicked: machines apart from people, and what contacts has not heard of yet."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE messages ADD COLUMN machine_opens integer NOT NULL DEFAULT 0,"
        " ADD COLUMN machine_clicks integer NOT NULL DEFAULT 0"
    )
    # What is there already was told when it came; whoever writes a row that is not says so.
    op.execute("ALTER TABLE engagements ADD COLUMN machine text, ADD COLUMN is_told boolean NOT NULL DEFAULT true")
    op.execute(
        "ALTER TABLE counters ADD COLUMN machine_opens bigint NOT NULL DEFAULT 0,"
        " ADD COLUMN machine_clicks bigint NOT NULL DEFAULT 0,"
        " ADD COLUMN delivered_unsubscribes bigint NOT NULL DEFAULT 0,"
        " ADD COLUMN delivered_complaints bigint NOT NULL DEFAULT 0"
    )
    op.execute(
        "CREATE TABLE untold (message_id uuid PRIMARY KEY, account_id uuid NOT NULL, due_at timestamptz NOT NULL)"
    )
    op.execute("CREATE INDEX untold_due ON untold (due_at)")


def downgrade() -> None:
    raise NotImplementedError("the log is not taken back")
